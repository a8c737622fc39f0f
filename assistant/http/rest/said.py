"""What came of work, as it is told."""

from typing import Any

from assistant.chat import Done
from assistant.errors import AssistantError
from assistant.http.problem import Problem, problem_of
from assistant.http.rest.bodies import AskedBefore, Fault, Tokens
from assistant.serving import Answer

__all__ = ["ended", "fault", "told"]


def told(answer: Answer, seconds: float) -> dict[str, Any]:
    """Return the fields of `Said` for an answer that took so many seconds."""
    told = {"model": answer.by.model, "text": answer.text, "cached": answer.cached, **ended(answer.end, seconds)}
    if answer.like is not None:
        told["like"] = AskedBefore(question=answer.like.question, likeness=round(answer.like.likeness, 3))
    return told


def ended(end: Done, seconds: float) -> dict[str, Any]:
    """Return the fields of `Said` for the end of a reply that took so many seconds."""
    usage = end.usage
    return {
        "finish_reason": "length" if end.reason == "length" else "stop",
        "tokens": Tokens(prompt=usage.prompt_tokens, cached=usage.cached_tokens, completion=usage.completion_tokens),
        "seconds": round(seconds, 4),
    }


def fault(error: AssistantError | Problem) -> Fault:
    """Return why there is nothing."""
    problem = error if isinstance(error, Problem) else problem_of(error)
    return Fault(code=problem.code, message=str(problem), hint=problem.hint)
