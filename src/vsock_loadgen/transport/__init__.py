"""Sockets of a target address, and a look at the target before a run."""
