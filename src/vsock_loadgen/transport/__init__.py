"""Sockets of a target address, and the preflight check."""
