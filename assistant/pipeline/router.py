"""Choose who answers: by what the request holds, by what the models can, in the order of the configuration."""

from collections.abc import Callable, Sequence

from assistant.chat import AudioPart, ChatRequest, ImagePart
from assistant.errors import EngineError
from assistant.host import Candidate

__all__ = ["route"]


def route(
    request: ChatRequest,
    candidates: Sequence[Candidate],
    ask_plugins: Callable[[ChatRequest, tuple[Candidate, ...]], str | None],
    *,
    ablest: bool = False,
) -> tuple[str, ...]:
    """Return the ids of the chat models that may answer *request*, in the order in which they are asked.

    Models that cannot take what the request holds are left out; of the others a plugin may choose the first, and they
    are in the order of the configuration, or with *ablest* the biggest first. Raises EngineError where no model fits.
    """
    needed = {"text"}
    for message in request.messages:
        needed |= {"image" for part in message.parts if isinstance(part, ImagePart)}
        needed |= {"audio" for part in message.parts if isinstance(part, AudioPart)}
    fitting = tuple(candidate for candidate in candidates if needed <= candidate.capabilities.inputs)
    if not fitting:
        raise EngineError(
            f"no chat model takes {', '.join(sorted(needed))}: {', '.join(c.id for c in candidates)} cannot",
            hint="add a model that can to the assistant's `chat` list",
        )
    if ablest:
        fitting = tuple(sorted(fitting, key=lambda candidate: -candidate.capabilities.rank))
    first = ask_plugins(request, fitting)
    ids = [candidate.id for candidate in fitting]
    return tuple(dict.fromkeys([first, *ids] if first else ids))
