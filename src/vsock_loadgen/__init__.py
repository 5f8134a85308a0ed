"""Simulate a fleet of virtual machines that keep sending index reports, and judge the run."""

from importlib.metadata import version

__version__ = version("vsock-loadgen")
