"""Who is at the other end of a connection."""

import ipaddress

from aiohttp import web

__all__ = ["address", "from_here", "is_loopback"]

_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Headers of a request that somebody else passed on: its origin is not known."""


def is_loopback(host: str) -> bool:
    """Tell whether an address or name stays on this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def from_here(request: web.Request) -> bool:
    """Tell whether a program of this machine asks, as far as can be told: not where a proxy passed the request on."""
    if request.transport is None or any(header in request.headers for header in _PROXIED):
        return False
    peer, own = request.transport.get_extra_info("peername"), request.transport.get_extra_info("sockname")
    return bool(peer and own) and (is_loopback(str(peer[0])) or peer[0] == own[0])


def address(name: object) -> str:
    """Return whose requests are counted together, by a socket's name of its other end.

    An IPv4 address, or the first 64 bits of an IPv6 address, whose rest one machine may choose freely (RFC 8981).
    A proxy's headers are not looked at: anybody could write them.
    """
    try:
        found = ipaddress.ip_address(str(name[0]).partition("%")[0] if isinstance(name, tuple) and name else "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(found) if found.is_loopback else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
