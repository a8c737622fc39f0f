"""How the replies of a server went: what routing measured of its models anyway, in a few numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.models.pool import Pool
from assistant.routing import Health, State

__all__ = ["Figures", "figures_of", "quantile"]


@dataclass(frozen=True, slots=True)
class Figures:
    """A server, as the replies went that its chat models were asked for since the daemon began."""

    p50: float | None
    """Seconds in which half of the latest replies began; None where there was none."""
    p95: float | None
    """Seconds in which all but one in twenty did."""
    pace: float | None
    """Mean tokens a second of the model that was asked last; None where it was never measured."""
    replies: int
    """Replies that came to their end."""
    failures: int
    """Replies at which it failed."""
    working: int
    """Replies that it writes, or is asked for, now."""
    waiting: int
    """Requests that wait here until one of its models is free."""
    resting: tuple[str, ...]
    """Ids of its models that failed, and that others are preferred to for a while."""


def figures_of(server: str, health: Health, pool: Pool) -> Figures:
    """Return the numbers of a server."""
    measured = health.of_server(server)
    firsts = sorted(seconds for each in measured.values() for seconds in each.firsts)
    paced = max((each for each in measured.values() if each.pace is not None), key=lambda e: e.asked, default=None)
    ids = [model.id for model in pool.models() if model.id.startswith(f"{server}/")]
    return Figures(
        p50=quantile(firsts, 0.5),
        p95=quantile(firsts, 0.95),
        pace=paced.pace if paced else None,
        replies=sum(each.replies for each in measured.values()),
        failures=sum(each.failures for each in measured.values()),
        working=sum(each.at_work for each in measured.values()),
        waiting=sum(pool.waiting(id_) for id_ in ids),
        resting=tuple(id_ for id_ in measured if health.state(id_) is State.OPEN),
    )


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that this share of them does not exceed; None where there are none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
