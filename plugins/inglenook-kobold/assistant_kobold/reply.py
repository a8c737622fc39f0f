"""What KoboldCpp and KoboldAI write, read."""

from typing import Literal

import msgspec

from assistant import ProviderFaults, Usage

__all__ = ["Written", "event", "whole"]


class _Event(msgspec.Struct):
    token: str = ""
    finish_reason: str | None = None
    error: str | dict[str, object] | None = None
    detail: dict[str, object] | None = None


class _Result(msgspec.Struct):
    text: str
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Results(msgspec.Struct):
    results: list[_Result]


class Written(msgspec.Struct, frozen=True):
    """More of a reply."""

    text: str
    """Its words."""
    reason: Literal["stop", "length"] | None = None
    """Why it is over; None where it is not."""
    usage: Usage = Usage()
    """What it cost, where the server tells."""


_EVENT = msgspec.json.Decoder(_Event).decode
_RESULTS = msgspec.json.Decoder(_Results).decode


def event(data: bytes, faults: ProviderFaults) -> Written:
    """Return what an event of a stream says; raises EngineError where it is none, or says that the server failed."""
    try:
        said = _EVENT(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise faults.no_part(error) from None
    if said.error or said.detail:
        raise faults.failed(said.error or said.detail)
    return Written(said.token, _reason(said.finish_reason))


def whole(data: bytes, faults: ProviderFaults) -> Written:
    """Return what a reply in one piece says; raises EngineError where it is none."""
    try:
        result = _RESULTS(data).results[0]
    except (msgspec.MsgspecError, RecursionError, IndexError) as error:
        raise faults.no_part(error) from None
    usage = Usage(max(0, result.prompt_tokens), 0, max(0, result.completion_tokens))
    return Written(result.text, _reason(result.finish_reason) or "stop", usage)


def _reason(told: str | None) -> Literal["stop", "length"] | None:
    """Return why a reply is over; before 1.90 KoboldCpp wrote `null` as a word where it is not."""
    if told is None or told == "null":
        return None
    return "length" if told == "length" else "stop"
