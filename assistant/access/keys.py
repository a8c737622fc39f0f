"""Named keys: one for each program, opening what that program needs, and taken back alone.

A key is 256 random bits. Nobody can guess it or try all, so what is kept of it is a plain SHA-256 digest: salt and slow
hashes (bcrypt, argon2) protect passwords, which people choose out of few, and would cost every request 0.1 s here.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.access.caller import Caller, Scope
from assistant.errors import AssistantError

__all__ = ["PREFIX", "Key", "KeyStore", "Keys", "Refused", "digest", "new_key"]

PREFIX = "ink_"
"""How a key begins, so that people and scanners for secrets know it where it stands by mistake."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}", re.ASCII)
_MOST = 100
"""Keys that there may be."""
_USED = 60.0
"""Seconds between two notes of when a key was used."""


class Refused(AssistantError):
    """A key cannot be made, or taken back, as it is wanted; `why` is `bad_name`, `no_scope`, `exists`, `too_many` or
    `unknown`."""

    def __init__(self, why: str, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.why = why


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key."""

    name: str
    """What it is called, by which it is taken back."""
    digest: bytes
    """SHA-256 of the key, 32 bytes."""
    scopes: frozenset[Scope]
    """What it opens."""
    created: float
    """Seconds since the epoch."""
    expires: float | None = None
    """Seconds since the epoch from which it opens nothing; None for never."""
    used: float | None = None
    """Seconds since the epoch at which it was shown last, to a minute; None for never."""


class KeyStore(Protocol):
    """Keeps keys over a restart."""

    async def all(self) -> list[Key]:
        """Return all; raises ServiceError."""
        ...

    async def add(self, key: Key) -> None:
        """Store a key; raises ServiceError."""
        ...

    async def remove(self, name: str) -> None:
        """Delete a key; raises ServiceError."""
        ...

    def use(self, name: str, at: float) -> None:
        """Note soon when a key was used."""
        ...


def new_key() -> str:
    """Make a key: the prefix and 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> bytes:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()


class Keys:
    """The named keys, in memory and in a store: a request never waits for the database."""

    def __init__(self, store: KeyStore, wall: Callable[[], float] = time.time) -> None:
        self._store = store
        self._wall = wall
        self._keys: dict[str, Key] = {}
        self._changing = asyncio.Lock()
        self._watchers: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Read the keys; raises ServiceError."""
        self._keys = {key.name: key for key in await self._store.all()}

    def all(self) -> list[Key]:
        """Return the keys, the oldest first."""
        return sorted(self._keys.values(), key=lambda key: key.created)

    def on_revoked(self, tell: Callable[[str], None]) -> None:
        """Have *tell* called with the name of each key that is taken back."""
        self._watchers.append(tell)

    async def create(self, name: str, scopes: Iterable[Scope], lasting: float | None = None) -> str:
        """Make a key that opens *scopes*, for *lasting* seconds or for ever, and return it: it is shown this once.

        Raises Refused for a name that is taken or is none, and where there is no scope; ServiceError.
        """
        opened = frozenset(scopes)
        if not _NAME.fullmatch(name) or name == "owner":
            raise Refused(
                "bad_name",
                f"{name[:64]!r} cannot be the name of a key",
                "up to 48 letters, digits, `-`, `_` and `.`; `owner` is the daemon's own",
            )
        if not opened:
            raise Refused("no_scope", "a key must open something", f"scopes: {', '.join(Scope)}")
        async with self._changing:
            if name in self._keys:
                raise Refused("exists", f"there is a key {name!r} already", f"assistant keys revoke {name}")
            if len(self._keys) >= _MOST:
                raise Refused("too_many", f"there are {_MOST} keys already", "assistant keys list")
            shown, now = new_key(), self._wall()
            key = Key(name, digest(shown), opened, now, None if lasting is None else now + lasting)
            await self._store.add(key)
            self._keys[name] = key
        return shown

    async def revoke(self, name: str) -> None:
        """Let a key open nothing any more, from now on; raises Refused where there is none, ServiceError.

        Where it cannot be deleted from the store, it still opens nothing until the next start.
        """
        async with self._changing:
            if self._keys.pop(name, None) is None:
                raise Refused("unknown", f"there is no key {name[:64]!r}", "assistant keys list")
            for tell in self._watchers:
                tell(name)
            await self._store.remove(name)

    def identify(self, given: str) -> Caller | None:
        """Return whose key it is; None where it is nobody's, or has expired.

        All digests are compared, each in constant time, so that the time tells neither which one it was nor how near.
        """
        shown, found = digest(given), None
        for key in self._keys.values():
            if hmac.compare_digest(key.digest, shown):
                found = key
        now = self._wall()
        if found is None or (found.expires is not None and found.expires <= now):
            return None
        if found.used is None or abs(now - found.used) >= _USED:
            self._keys[found.name] = replace(found, used=now)
            self._store.use(found.name, now)
        return Caller(found.name, found.scopes, found.expires)
