"""The connections of a process to other machines, as the kernel lists them (proc(5), proc_net(5))."""

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Connection", "connections"]

_OPEN = {"01": "open", "02": "opening"}
"""States of the kernel: established, and being established."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to another machine."""

    protocol: str
    """`tcp` or `udp`."""
    local: str
    """Address and port here."""
    remote: str
    """Address and port there."""
    state: str
    """`open` or `opening`."""


def connections(pid: int) -> list[Connection] | None:
    """Return the connections of a process that lead to other machines; None where nobody may know.

    Only a process of one's own can be looked at, unless by root; and only where there is `/proc`.
    """
    try:
        sockets = {_socket(file) for file in Path(f"/proc/{pid}/fd").iterdir()}
        tables = [(name, Path(f"/proc/{pid}/net/{name}").read_text()) for name in ("tcp", "tcp6", "udp", "udp6")]
    except OSError:
        return None
    return [
        Connection(name.rstrip("6"), _written(*local), _written(*remote), _OPEN[state])
        for name, table in tables
        for local, remote, state, inode in _lines(table)
        if inode in sockets and state in _OPEN and remote[1] and not _stays_here(remote[0])
    ]


def _socket(file: Path) -> str:
    """Return the number of the socket that a descriptor is; empty where it is none."""
    try:
        target = str(file.readlink())
    except OSError:  # closed meanwhile
        return ""
    return target.removeprefix("socket:[").rstrip("]") if target.startswith("socket:[") else ""


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _lines(table: str) -> Iterator[tuple[tuple[Address, int], tuple[Address, int], str, str]]:
    for line in table.splitlines()[1:]:
        fields = line.split()
        yield _address(fields[1]), _address(fields[2]), fields[3], fields[9]


def _address(text: str) -> tuple[Address, int]:
    """Read an address as the kernel writes it: words of 32 bits, each in the byte order of this machine."""
    address, _, port = text.partition(":")
    words = (int(address[at : at + 8], 16) for at in range(0, len(address), 8))
    packed = b"".join(socket.ntohl(word).to_bytes(4, "big") for word in words)
    return ipaddress.ip_address(packed), int(port, 16)


def _stays_here(address: Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _written(address: Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
