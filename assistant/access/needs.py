"""What a route of a plugin opens."""

from collections.abc import Callable
from typing import Any, TypeVar

from assistant.access.caller import Scope

__all__ = ["needs", "scope_of"]

T = TypeVar("T", bound=Callable[..., Any])

_MARK = "__assistant_scope__"


def needs(scope: Scope) -> Callable[[T], T]:
    """Mark what answers a route of a plugin: a key with this scope opens it. One without a mark needs `admin`."""

    def mark(answer: T) -> T:
        setattr(answer, _MARK, scope)
        return answer

    return mark


def scope_of(answer: object) -> Scope:
    """Return what a key must open for a route of a plugin, by what answers it."""
    found = getattr(answer, _MARK, Scope.ADMIN)
    return found if isinstance(found, Scope) else Scope.ADMIN
