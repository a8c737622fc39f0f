"""GPT4All's server (its source, cd70db2 after release 3.10.0)."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from assistant import ChatRequest, Kind, ProvidedModel, Provider, UnfitRequest
from assistant_openai_bridge.listing import entries, guessed, knowing, listed
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["GPT4ALL"]

_KNOWN = frozenset({"model", "messages", "max_tokens", "temperature", "top_p", "min_p"})
"""What a request may have: anything else is refused, even where it changes nothing."""


async def _recognise(ask: Ask) -> bool:
    """Its models are humanity's."""
    return any(entry.get("owned_by") == "humanity" for entry in entries(await ask("models")))


def _describe(name: str) -> ProvidedModel:
    """Say what a model can do, whatever it is called: to write."""
    return knowing(replace(guessed(name), kind=Kind.CHAT), inputs=frozenset({"text"}))


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models. Their names are titles; here a space is `%20`, as in an address."""
    told = entries(await ask(path))
    titles = [{"id": quote(entry["id"], safe="/:+")} for entry in told if isinstance(entry.get("id"), str)]
    return [_describe(model.name) for model in listed({"data": titles}) if model.kind is Kind.CHAT]


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it no more than it knows; raises UnfitRequest for what would change the reply."""
    if request.stop:
        raise UnfitRequest(f"{provider}: GPT4All ends its replies at no given text", hint="another model may")
    body["model"] = unquote(body["model"])
    for unknown in body.keys() - _KNOWN:
        del body[unknown]


def _answers(asked: str, answered: str) -> bool:
    """Tell whether the model that answered is the one that was asked for: for one that it lacks its first answers."""
    return asked.endswith(".gguf") or answered == unquote(asked)


GPT4ALL = Profile(
    type="gpt4all",
    title="GPT4All",
    endpoint="http://127.0.0.1:4891/v1",
    recognise=_recognise,
    describe=_describe,
    models=_models,
    sampling={"min_p": "min_p"},
    extend=_extend,
    tools=False,
    schema=False,
    logprobs=False,
    parallel=1,
    streams=False,
    answers=_answers,
)
