"""Wake a machine over the network.

Format: AMD, Magic Packet Technology, publication 20213: six bytes of ones, then the hardware address sixteen times.
"""

import re
import socket

__all__ = ["wake"]

_WHERE = ("255.255.255.255", 9)
"""Everybody on the local network, at the port of `discard`: only network cards listen."""


def wake(address: str) -> None:
    """Tell the machine with a hardware *address*, `aa:bb:cc:dd:ee:ff`, to wake; raises OSError without a network."""
    packet = b"\xff" * 6 + bytes.fromhex(re.sub("[:-]", "", address)) * 16
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(packet, _WHERE)
