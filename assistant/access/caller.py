"""What may be asked for, and who asks."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["OWNER_KEY", "Caller", "Scope"]


class Scope(StrEnum):
    """What a key opens."""

    CHAT = "chat"
    """Models for text, vectors and images."""
    AUDIO = "audio"
    """Speech to text, text to speech."""
    HOME = "home"
    """The assistant itself, which may act in the house: turns, timers, devices, and what happens there."""
    MODELS = "models:write"
    """Fetching, loading and deleting models."""
    METRICS = "metrics"
    """Numbers of how it all goes, for who watches over it; nothing of what is said."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has shown a key."""

    name: str
    """The key's name, as it is told in the audit log."""
    scopes: frozenset[Scope]
    """What the key opens."""
    expires: float | None = None
    """Seconds since the epoch from which the key opens nothing; None for never."""

    def may(self, scope: Scope) -> bool:
        """Tell whether the key opens *scope*."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


OWNER_KEY = Caller("owner", frozenset({Scope.ADMIN}))
"""Whoever shows the daemon's own key: the owner, or a program of the owner's on this machine."""
