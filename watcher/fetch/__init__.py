"""The only HTTP there is: polite, bounded, and closed to everything that is not public."""

from .client import Fetcher
from .exchange import FetchSettings, Request, Response

__all__ = ["FetchSettings", "Fetcher", "Request", "Response"]
