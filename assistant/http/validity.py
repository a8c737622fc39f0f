"""From when until when a certificate is valid, which Python tells of other machines' certificates only."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Validity", "validity"]

_FIRST = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END ", re.DOTALL)
_VERSION, _SHORT_TIME = 0xA0, 0x17
"""Tags of what only newer certificates begin with, and of times with two digits of the year."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when."""

    since: datetime
    """The first moment."""
    until: datetime
    """The last one."""

    def wrong(self, now: datetime) -> str:
        """Return what is wrong with a certificate *now*; empty where nothing is."""
        if now > self.until:
            return f"expired on {self.until:%Y-%m-%d %H:%M} UTC"
        return f"is valid from {self.since:%Y-%m-%d %H:%M} UTC on only" if now < self.since else ""


def validity(pem: bytes) -> Validity | None:
    """Return that of the first certificate of a file, which OpenSSL has read; None where it does not tell.

    RFC 5280, 4.1: a certificate begins with what was signed, and that with a version, a serial number, an algorithm,
    the name of who signed, and two times.
    """
    try:
        [encoded] = _FIRST.findall(pem)[:1]
        [(_, certificate)] = list(_parts(base64.b64decode(encoded)))[:1]
        [(_, signed)] = list(_parts(certificate))[:1]
        _, _, _, times = [part for tag, part in _parts(signed) if tag != _VERSION][:4]
        since, until = (_time(tag, text.decode()) for tag, text in _parts(times))
    except (IndexError, ValueError):
        return None
    return Validity(since, until)


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the parts of a sequence by their tags (ITU-T X.690, DER)."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length >= 0x80:
            size = length - 0x80
            length, at = int.from_bytes(der[at : at + size]), at + size
        yield tag, der[at : at + length]
        at += length


def _time(tag: int, text: str) -> datetime:
    century = ("20" if text < "50" else "19") if tag == _SHORT_TIME else ""
    return datetime.strptime(f"{century}{text}", "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
