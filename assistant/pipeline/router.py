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
) -> str:
    """Return the id of the chat model that answers *request*.

    Models that cannot take what the request holds are left out; of the others a plugin may choose, and the first is
    taken where none does. Raises EngineError where no model fits.
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
    return ask_plugins(request, fitting) or fitting[0].id
