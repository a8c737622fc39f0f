"""How the replies of a server went: what routing measured of its models anyway, in a few numbers."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from assistant.engines import Kind
from assistant.models.pool import Pool
from assistant.routing import Health, State

__all__ = ["Figures", "ProviderState", "ProviderStatus", "figures_of", "quantile"]

ProviderState = Literal["off", "unknown", "awake", "asleep"]


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """A provider, as it was when it was last asked."""

    name: str
    """Its name in the configuration."""
    type: str
    """What server it is."""
    endpoint: str
    """Where it is."""
    state: ProviderState
    """Whether it answers: `off` is not used, `unknown` was not asked yet."""
    reason: str = ""
    """Why it is not used, or does not answer."""
    models: tuple[str, ...] = ()
    """Ids of its models in the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(ProviderStatus):
    """A provider, and how it went since the daemon began when its models were asked to write or to hear."""

    p50: float | None
    """Seconds in which half of the latest replies of chat models began; None where there was none."""
    p95: float | None
    """Seconds in which all but one in twenty did."""
    pace: float | None
    """Mean tokens a second of the chat model that was asked last; None where it was never measured."""
    replies: int
    """Replies that came to their end, and utterances that were heard."""
    failures: int
    """Those at which it failed."""
    working: int
    """What it is asked for now."""
    waiting: int
    """Requests that wait here until one of its models is free."""
    resting: tuple[str, ...]
    """Ids of its models that failed, and that others are preferred to for a while."""


def figures_of(status: ProviderStatus, health: Health, pool: Pool) -> Figures:
    """Return the numbers of a server beside its state."""
    server = status.name
    measured = health.of_server(server)
    kinds = {model.id: model.spec.kind for model in pool.models() if model.id.startswith(f"{server}/")}
    writing = [each for id_, each in measured.items() if kinds.get(id_) is not Kind.STT]
    firsts = sorted(seconds for each in writing for seconds in each.firsts)
    paced = max((each for each in writing if each.pace is not None), key=lambda e: e.asked, default=None)
    return Figures(
        **asdict(status),
        p50=quantile(firsts, 0.5),
        p95=quantile(firsts, 0.95),
        pace=paced.pace if paced else None,
        replies=sum(each.replies for each in measured.values()),
        failures=sum(each.failures for each in measured.values()),
        working=sum(each.at_work for each in measured.values()),
        waiting=sum(map(pool.waiting, kinds)),
        resting=tuple(id_ for id_ in measured if health.state(id_) is State.OPEN),
    )


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that this share of them does not exceed; None where there are none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
