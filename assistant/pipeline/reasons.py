"""Why a turn took as long as it did: each wait of its receipt, and the setting that decides about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.config.assistants import AssistantConfig
from assistant.pipeline.receipt import STAGES, Receipt

__all__ = ["Reason", "reasons"]

_SURE = 0.8
"""Probability from which the speaker sounded finished, so that a long wait is the setting's doing."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One wait of a turn."""

    stage: str
    """The stage that was waited for, as a receipt names it."""
    seconds: float
    """How long the person waited for it."""
    setting: str
    """Key of the configuration that decides about it; empty where there is none."""
    advice: str
    """What it comes from, and what would shorten it."""


def reasons(receipt: Receipt, assistant: AssistantConfig) -> list[Reason]:
    """Return every wait of a turn, the longest first."""
    found = [
        Reason(stage, receipt.parts[stage], *_explained(stage, receipt, assistant))
        for stage in STAGES
        if receipt.parts.get(stage, 0.0) > 0.0
    ]
    return sorted(found, key=lambda reason: reason.seconds, reverse=True)


def _explained(stage: str, receipt: Receipt, assistant: AssistantConfig) -> tuple[str, str]:
    models, here = receipt.models, f"assistants.{receipt.assistant}"
    match stage:
        case "endpoint":
            return _endpoint(receipt, assistant, here)
        case "transcript":
            return f"models.{models.get('stt', 'stt')}", "; ".join(
                [*_undrafted(receipt, assistant, here), "a smaller speech model is faster"]
            )
        case "first_token":
            unread = receipt.usage.prompt_tokens - receipt.usage.cached_tokens
            return f"models.{models.get('chat', 'chat')}", "; ".join(
                [
                    *_undrafted(receipt, assistant, here),
                    f"{unread} of {receipt.usage.prompt_tokens} tokens of the prompt were not cached",
                    "a smaller chat model, a shorter prompt or fewer tools are faster",
                ]
            )
        case "first_clause":
            return f"models.{models.get('chat', 'chat')}", "the model writes slowly: a smaller one, or a GPU, is faster"
        case _:
            return f"models.{models.get('tts', 'tts')}", "the first clause is being spoken: a lighter voice is faster"


def _endpoint(receipt: Receipt, assistant: AssistantConfig, here: str) -> tuple[str, str]:
    """Explain the silence that was waited out."""
    endpoint = assistant.endpoint
    if receipt.certainty is None and not assistant.turn:
        return f"{here}.turn", "nothing tells when a sentence is complete: a turn detector shortens the wait"
    if receipt.certainty is None:
        return f"{here}.endpoint.silence", f"nothing was known of the sentence, so {endpoint.silence:g} s were waited"
    if receipt.certainty >= _SURE:
        return (
            f"{here}.endpoint.shortest",
            f"the sentence was surely complete ({receipt.certainty:.2f}): `preset: aggressive` waits less",
        )
    return (
        f"{here}.endpoint.longest",
        f"the sentence did not sound complete ({receipt.certainty:.2f}): less cuts people off sooner",
    )


def _undrafted(receipt: Receipt, assistant: AssistantConfig, here: str) -> Iterator[str]:
    """Say why the work was not done in the pause, if it was not."""
    if receipt.drafting.begun and not receipt.drafting.hit:
        if assistant.draft.attempts == 0:
            yield f"drafts are switched off ({here}.draft.attempts)"
        elif receipt.drafting.begun > assistant.draft.attempts:
            yield f"there were more pauses than drafts ({here}.draft.attempts is {assistant.draft.attempts})"
        else:
            yield f"the answer was not drafted in the pause (see {here}.draft, or the engines were in use)"
