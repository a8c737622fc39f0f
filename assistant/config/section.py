"""What the sections of the configuration are made of."""

from typing import Annotated, Literal

import msgspec

__all__ = ["Balance", "Id", "Seconds", "Section", "Share", "Strategy", "Tier", "listed", "tiers"]

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the configuration: unknown keys are errors."""


Strategy = Literal["order", "performance", "accuracy", "cost", "private"]
"""What chat models are chosen by."""
Balance = Literal["least_busy", "round_robin", "fastest", "weighted"]
"""How requests are shared among equals."""
Id = Annotated[str, msgspec.Meta(min_length=1)]
Tier = str | Annotated[list[Id], msgspec.Meta(min_length=1)]


def listed(models: str | list[str]) -> tuple[str, ...]:
    """Return ids in order of preference; none where nothing is named."""
    return ((models,) if models else ()) if isinstance(models, str) else tuple(models)


def tiers(models: "str | list[Tier]") -> tuple[tuple[str, ...], ...]:
    """Return ids in order of preference, with those together that are equals."""
    every = models if isinstance(models, list) else [models] if models else []
    return tuple((tier,) if isinstance(tier, str) else tuple(tier) for tier in every)
