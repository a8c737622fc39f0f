"""What a request may set, in the ranges in which it may: nothing else reaches an engine."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assistant.chat import Sampling
from assistant.http.drawing import Penalty, Temperature

__all__ = ["MOST", "TOKENS", "JsonSchema", "MaxTokens", "ModelName", "Parameters", "TextParameters", "check_parts"]

MOST = 20_000_000
"""Bytes of a body that may hold pictures or sound."""
TOKENS = 1024
"""Tokens after which a reply is cut where neither the request nor an alias says."""

ModelName = Annotated[str, Meta(max_length=256)]
MaxTokens = Annotated[int, Meta(ge=1, le=1_000_000)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
End = Annotated[str, Meta(min_length=1, max_length=256)]
JsonSchema = dict[str, Any]


_PARTS = 10_000
"""Parts that the messages of a request may have together: more would hold up the loop while they are read."""


def check_parts(contents: Iterable[object]) -> None:
    """Raise ValueError where the *contents* of messages have too many parts."""
    if sum(len(content) for content in contents if isinstance(content, list)) > _PARTS:
        raise ValueError(f"the messages have more than {_PARTS} parts")


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream tells beside the reply."""

    include_usage: bool | None = None


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What every request for text may set; null is as good as nothing."""

    model: ModelName | None = None
    stream: bool | None = None
    temperature: Temperature | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None

    def sampling(self) -> Sampling:
        """Return how tokens are drawn."""
        return Sampling(temperature=self.temperature, top_p=self.top_p)


class TextParameters(Parameters, frozen=True, kw_only=True):
    """What the older two of the three ways to ask for text may set beside."""

    stream_options: StreamOptions | None = None
    stop: End | Annotated[list[End], Meta(max_length=16)] | None = None
    seed: Seed | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None

    def sampling(self) -> Sampling:
        """Return how tokens are drawn."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
        )

    def stops(self) -> tuple[str, ...]:
        """Return the texts that end a reply."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def tells_usage(self) -> bool:
        """Return whether a stream is to tell what the reply cost."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)
