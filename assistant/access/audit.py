"""The audit log: who used which key, what was done by tools and to things, models and keys; never what was said.

Each entry carries a digest of itself and of the digest before it (a hash chain: Schneier and Kelsey, Secure Audit Logs
to Support Computer Forensics, 1999), so that an entry that was changed, left out or put in between shows. Whoever may
write to the state folder could write the whole chain anew: against that, the entries are to be sent to another machine.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["Audit", "Event", "Field", "Log", "NoLog", "Record", "broken", "chained", "packed"]

_LONGEST = 200
"""Characters of a field that are kept."""
_AT_ONCE = 1000
"""Keys or addresses of which it is remembered that they were told of."""
_SELDOM = 60.0
"""Seconds in which what repeats itself is told once."""


class Event(StrEnum):
    """What is told."""

    KEY_USED = "key-used"
    """A key opened something: the first request of a minute from an address."""
    KEY_REFUSED = "key-refused"
    """A wrong key was shown, or a key that does not open what was asked for: the first of a minute from an address."""
    KEY_CREATED = "key-created"
    """A key was made."""
    KEY_REVOKED = "key-revoked"
    """A key was taken back."""
    ADMINISTERED = "administered"
    """Something was asked for that changes models or needs the scope `admin`, and how it was answered."""
    MODEL_CHANGED = "model-changed"
    """A model was fetched or deleted by the command line."""
    TOOL = "tool"
    """A tool was called, and what came of it."""
    ACT = "act"
    """Things of the house were told something: which service, how many of them."""
    PRUNED = "pruned"
    """Older entries were deleted, as `audit.keep` wants; where the chain goes on."""


Field = str | int


@dataclass(frozen=True, slots=True)
class Record:
    """An entry."""

    id: int
    """Its number: each is one more than the last."""
    at: float
    """Seconds since the epoch."""
    event: str
    """What happened."""
    fields: str
    """More of it, a JSON object in ASCII: what others wrote can neither end the line nor steer a terminal."""
    digest: str
    """SHA-256 of the digest before it and of all the above, in hexadecimal."""

    def shown(self) -> dict[str, Field]:
        """Return the entry as one flat object, its time as RFC 3339 has it."""
        at = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return {"id": self.id, "at": at, "event": self.event, **json.loads(self.fields), "digest": self.digest}


class Log(Protocol):
    """Keeps records over a restart."""

    def append(self, at: float, event: str, fields: str) -> None:
        """Add an entry soon; returns at once."""
        ...


class NoLog:
    """Keeps nothing."""

    def append(self, at: float, event: str, fields: str) -> None:
        """Keep nothing."""


class Audit:
    """Tells the log."""

    def __init__(self, log: Log, wall: Callable[[], float] = time.time) -> None:
        self._log = log
        self._wall = wall
        self._told: dict[tuple[Field, ...], float] = {}

    def record(self, event: Event, **fields: Field) -> None:
        """Tell of something; returns at once. Line ends and control characters of a text are escaped."""
        self._log.append(self._wall(), str(event), packed(fields))

    def seldom(self, event: Event, of: Sequence[str], **fields: Field) -> None:
        """Tell of what may happen many times a second: once a minute for each value of the fields *of*."""
        now, what = self._wall(), (event, *(fields[name] for name in of))
        if abs(now - self._told.get(what, float("-inf"))) < _SELDOM:
            return
        self._told.pop(what, None)
        if len(self._told) >= _AT_ONCE:
            del self._told[next(iter(self._told))]  # the one told longest ago
        self._told[what] = now
        self.record(event, **fields)


def packed(fields: Mapping[str, Field]) -> str:
    """Return fields as one line of JSON in ASCII."""
    short = {name: _short(value) if isinstance(value, str) else value for name, value in fields.items()}
    return json.dumps(short, separators=(",", ":"), sort_keys=True)


def _short(text: str) -> str:
    """Return the beginning of a text, without the one control character that JSON does not escape."""
    return text[:_LONGEST].replace("\x7f", "")


def chained(before: str, id_: int, at: float, event: str, fields: str) -> str:
    """Return the digest of an entry after one with the digest *before*."""
    return hashlib.sha256(f"{before}\n{id_}\n{at!r}\n{event}\n{fields}".encode()).hexdigest()


def broken(records: Sequence[Record], last: int) -> str:
    """Return what is wrong with a log, the oldest entry first, of which *last* is the number that was given last.

    Empty where every entry is as it was written, and none is missing but those that an entry says were deleted.
    """
    if not records:
        return f"every entry is missing, up to {last}" if last else ""
    id_, digest = _beginning(records)
    for record in records:
        if record.id != id_ + 1:
            return f"the entries {id_ + 1} to {record.id - 1} are missing"
        if record.digest != chained(digest, record.id, record.at, record.event, record.fields):
            return f"the entry {record.id} is not as it was written, or the one before it is not"
        id_, digest = record.id, record.digest
    return f"the entries {id_ + 1} to {last} are missing" if id_ != last else ""


def _beginning(records: Iterable[Record]) -> tuple[int, str]:
    """Return the number and the digest of what was deleted last from the beginning of a log."""
    beginning = (0, "")
    for record in records:
        if record.event == Event.PRUNED:
            with suppress(ValueError, KeyError, TypeError):  # somebody has changed it, which its digest tells
                fields = json.loads(record.fields)
                beginning = (int(fields["through"]), str(fields["chain"]))
    return beginning
