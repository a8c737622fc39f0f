"""Whose certificates are believed."""

import ssl
from functools import cache

__all__ = ["system_trust"]


@cache
def system_trust() -> ssl.SSLContext:
    """Return what verifies certificates of other servers, by the system's store, which is large and read once."""
    return ssl.create_default_context()
