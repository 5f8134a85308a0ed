"""Requests to the host of a URL alone: no proxy, no redirect."""

from __future__ import annotations

import urllib.request


def direct_opener() -> urllib.request.OpenerDirector:
    """What opens http and https URLs, and raises HTTPError for any answer but one that is in order."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    return opener
