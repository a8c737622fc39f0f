"""What is different about a type of server: where it is, how it is recognised, what it lists, what it is told."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant import ChatRequest, EngineConfig, Kind, ProvidedModel, Provider, PullProgress
from assistant_openai_bridge.listing import guessed, knowing, listed

_Options = type[EngineConfig]

if TYPE_CHECKING:
    from assistant_openai_bridge.client import Client

__all__ = ["Act", "Ask", "Profile"]

Ask = Callable[[str], Awaitable[Any]]
"""Gets JSON from a server: `models` is a path below the endpoint, `/props` one below its root. None where there
is no such page, or it is no JSON; raises EngineError where the server does not answer."""


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    return listed(await ask(path))


def _as_it_is(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Add nothing to a request."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a server can be told to do with a model in its memory."""

    path: str
    """Where it is told so: a path below the endpoint, or with a slash below the server's root."""
    name: str = "model"
    """What the request calls the model."""
    statuses: frozenset[str] = frozenset()
    """What the answer has as `status` where it is done; empty where an answer without an error says so."""
    finished: Callable[[Ask, str], Awaitable[bool | None]] | None = None
    """Tells whether it is done, or None where it failed, of a server that answers as soon as it has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A type of server that speaks as OpenAI does. What is not given is as OpenAI's own service has it."""

    type: str
    """What `type:` says."""
    title: str
    """What people call it."""
    endpoint: str
    """Where it usually is on this machine; empty where the owner must say."""
    recognise: Callable[[Ask], Awaitable[bool]]
    """Tells the server by its answers."""
    describe: Callable[[str], ProvidedModel] = guessed
    """Says what a model is, by its name."""
    models: Callable[[Ask, str], Awaitable[list[ProvidedModel]]] = _models
    """Lists the models, given the path that lists them."""
    sampling: Mapping[str, str] = field(default_factory=dict)
    """What it calls `top_k`, `min_p` and `repeat_penalty` of `Sampling`; what is not here it does not know."""
    extend: Callable[[dict[str, Any], ChatRequest, Provider], None] = _as_it_is
    """Adds to the body of a request for a reply, or changes it."""
    options: _Options = EngineConfig
    """What `options` of a section of this type may have, which `extend` then finds in its provider."""
    grammar: bool = False
    """Whether `extend` tells the server a grammar; without, a request that has one is refused."""
    tools: bool = True
    """Whether any of its models can be told of tools; without, a conversation is told it as mere words."""
    tells_calls: bool = True
    """Whether a call of a tool comes piece by piece, and not once it is complete."""
    schema: bool = True
    """Whether any of its models can be held to a JSON schema."""
    logprobs: bool = True
    """Whether it tells how likely tokens are."""
    continues: bool = False
    """Whether it goes on with a reply that was begun, where a conversation ends with one; `extend` may tell it to."""
    echoes: bool = False
    """Whether some of its releases say what was begun again, at once, before they go on with it."""
    parallel: int | None = None
    """How many replies it writes at once; None where it tells, or takes as many as come."""
    streams: bool = True
    """Whether replies come word by word."""
    answers: Callable[[str, str], bool] | None = None
    """Tells by their names whether the model that was asked for is the one that answered, where a server lets
    whichever it has loaded answer for any."""
    loaded: Callable[[Ask], Awaitable[frozenset[str]]] | None = None
    """Lists the models that are in its memory."""
    load: Act | None = None
    """Brings a model into its memory."""
    unload: Act | None = None
    """Takes a model out of its memory."""
    pull: "Callable[[Client, str], AsyncGenerator[PullProgress, None]] | None" = None
    """Has it download a model, and yields how far it is."""
    anybody: str = "alloy"
    """Voice that is asked for where none is known: OpenAI wants one to be named. Empty where none need be."""
    model_endpoint: str = "models"
    """Path below the endpoint that lists the models."""
    chat_endpoint: str = "chat/completions"
    """Path below the endpoint that writes replies."""
    embed_endpoint: str = "embeddings"
    """Path below the endpoint that places texts."""
    hear_endpoint: str = "audio/transcriptions"
    """Path below the endpoint that writes down what is said."""
    speak_endpoint: str = "audio/speech"
    """Path below the endpoint that speaks."""
    voices_endpoint: str = "audio/voices"
    """Path below the endpoint that lists the voices; OpenAI itself has none."""

    def bounded(self, model: ProvidedModel) -> ProvidedModel:
        """Return a model that can no more than the server."""
        can = model.capabilities
        if model.kind is not Kind.CHAT:
            return model
        return knowing(
            model,
            tools=can.tools and self.tools,
            tells_calls=self.tells_calls and self.streams,
            schema=can.schema and self.schema,
            logprobs=can.logprobs and self.logprobs,
            continues=self.continues,
            parallel=self.parallel or can.parallel,
        )
