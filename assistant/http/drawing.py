"""What the doors to chat models share: how tokens may be drawn, and how large a schema may be."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assistant.chat import Sampling, TokenLogprob
from assistant.http.problem import Problem

__all__ = ["Drawing", "Penalty", "Temperature", "check_json", "likely"]

Temperature = Annotated[float, Meta(ge=0, le=2)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]

_SIZE = 65_536
"""Bytes that a schema may take, or the arguments of a call."""


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are drawn; what is left out is the model's own."""

    temperature: Temperature | None = None
    """0 always takes the likeliest token."""
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    """Keep the likeliest tokens up to this total probability."""
    top_k: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    """Keep this many of the likeliest tokens; 0 keeps all."""
    min_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    """Drop tokens less likely than this share of the likeliest."""
    repeat_penalty: Annotated[float, Meta(gt=0, le=2)] | None = None
    """Above 1 makes recent tokens less likely."""
    presence_penalty: Penalty | None = None
    """Above 0 makes tokens less likely that were written."""
    frequency_penalty: Penalty | None = None
    """Above 0 makes tokens less likely each time that they are written."""

    def sampling(self, seed: int | None) -> Sampling:
        """Return the same as an engine takes it; *seed* makes a drawn reply repeatable."""
        return Sampling(seed=seed, **{name: getattr(self, name) for name in Drawing.__struct_fields__})


def likely(token: TokenLogprob) -> dict[str, Any]:
    """Return what programs are told of a token, by OpenAI's keys, which are Ollama's, too."""
    return {"token": token.piece.decode("utf-8", "replace"), "logprob": token.logprob, "bytes": list(token.piece)}


def check_json(value: object, key: str) -> None:
    """Raise Problem for a schema, or for arguments, that are too large, or hold numbers beyond 64 bits."""
    try:
        size = len(msgspec.msgpack.encode(value))
    except (OverflowError, RecursionError) as error:
        raise Problem(400, "bad_request", f"{key}: {error}", key=key) from None
    if size > _SIZE:
        raise Problem(400, "bad_request", f"{key} takes more than {_SIZE} bytes", key=key)
