"""What came of work, as it is told."""

import time
from typing import Any

from assistant.chat import Done
from assistant.http.rest.bodies import Tokens
from assistant.serving import Answer

__all__ = ["ended", "told"]


def told(answer: Answer, began: float) -> dict[str, Any]:
    """Return the fields of `Said` for an answer to what began at a moment of the monotonic clock."""
    return {"model": answer.by.model, "text": answer.text, "cached": answer.cached, **ended(answer.end, began)}


def ended(end: Done, began: float) -> dict[str, Any]:
    """Return the fields of `Said` for the end of a reply."""
    usage = end.usage
    return {
        "finish_reason": "length" if end.reason == "length" else "stop",
        "tokens": Tokens(prompt=usage.prompt_tokens, cached=usage.cached_tokens, completion=usage.completion_tokens),
        "seconds": round(time.monotonic() - began, 4),
    }
