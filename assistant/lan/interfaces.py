"""The network interfaces of this machine, and the addresses by which it is reached on each."""

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import ifaddr

__all__ = ["Interface", "interfaces", "reached"]

_SIOCGIFFLAGS = 0x8913
_UP, _LOOPBACK, _POINT_TO_POINT, _RUNNING, _MULTICAST = 0x1, 0x8, 0x10, 0x40, 0x1000
"""Flags of an interface, of linux/if.h."""
_TENTATIVE, _DEPRECATED, _DUPLICATE = 0x40, 0x20, 0x08
"""Flags of an IPv6 address, of linux/if_addr.h: not yet proved unique, soon gone, not unique."""
_IPV6 = Path("/proc/net/if_inet6")
_ADDRESSES = 16
"""Addresses of one interface that are used: more would not fit into a packet with the rest."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A connection to a local network."""

    name: str
    """What the system calls it: `eth0`."""
    index: int
    """Its number; IPv6 multicast goes out by it."""
    addresses: tuple[str, ...]
    """IPv4 and IPv6 addresses, without zone."""

    @property
    def senders(self) -> list[str | int]:
        """Return what zeroconf is to send from: an IPv4 and an IPv6 address at most.

        A link-local address may be that of several interfaces, so the index stands for it.
        """
        found: dict[int, str | int] = {}
        for address in map(ipaddress.ip_address, self.addresses):
            if address.version == 4 or not address.is_link_local:
                found.setdefault(address.version, str(address))
        if any(":" in address for address in self.addresses):
            found.setdefault(6, self.index)
        return list(found.values())


def interfaces() -> tuple[Interface, ...]:
    """Return what connects this machine to a local network at this moment.

    Left out are loopback, lines to one other machine (a VPN), what has no carrier, and ports of a bridge, which speaks
    for them.
    """
    unusable = _unusable_addresses()
    found: dict[str, list[str]] = {}
    for adapter in ifaddr.get_adapters():
        name = adapter.name.partition(":")[0]  # eth0:1 is a second address of eth0
        for ip in adapter.ips:
            address = str(ipaddress.ip_address(ip.ip[0] if isinstance(ip.ip, tuple) else ip.ip))
            if (name, address) not in unusable:
                found.setdefault(name, []).append(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return tuple(
            Interface(name, index, tuple(addresses[:_ADDRESSES]))
            for name, addresses in found.items()
            if _is_local_network(any_socket, name) and (index := _index(name))
        )


def reached(host: str, found: Iterable[Interface]) -> frozenset[Interface]:
    """Return the interfaces on which a server that listens on *host* is reached, each with the addresses to it.

    *host* is an address; `0.0.0.0`, `::` or empty for all of IPv4, of IPv6, of both.
    """
    if not host:
        return frozenset(found)
    address, _, zone = host.strip("[]").partition("%")
    wanted = ipaddress.ip_address(address)
    kept = set()
    for interface in found:
        if wanted.is_unspecified:
            addresses = [a for a in interface.addresses if ipaddress.ip_address(a).version == wanted.version]
        else:
            addresses = [a for a in interface.addresses if a == str(wanted)]
        if addresses and zone in ("", interface.name, str(interface.index)):
            kept.add(replace(interface, addresses=tuple(addresses)))
    return frozenset(kept)


def _is_local_network(any_socket: socket.socket, name: str) -> bool:
    try:
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("16sH14x", name.encode(), 0))
    except OSError:  # it has just gone
        return False
    flags = struct.unpack("16xH14x", answer)[0]
    needed = _UP | _RUNNING | _MULTICAST
    return bool(
        flags & needed == needed
        and not flags & (_LOOPBACK | _POINT_TO_POINT)
        and not Path("/sys/class/net", name, "master").exists()
    )


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


def _unusable_addresses() -> set[tuple[str, str]]:
    """Return the IPv6 addresses that cannot be used yet, or soon no more, with the interface of each."""
    try:
        lines = _IPV6.read_text().splitlines()
    except OSError:  # without IPv6
        return set()
    rows = [line.split() for line in lines]
    return {
        (row[5], str(ipaddress.IPv6Address(bytes.fromhex(row[0]))))
        for row in rows
        if int(row[4], 16) & (_TENTATIVE | _DEPRECATED | _DUPLICATE)
    }
