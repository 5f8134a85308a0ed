"""Simulate a fleet of virtual machines that keep sending index reports, and judge the run."""

__version__ = "0.1.0"
