"""Is there a server of models on this machine already?"""

import asyncio
from collections.abc import Sequence

from assistant.assembly import find_plugins
from assistant.engines import Kind
from assistant.errors import AssistantError
from assistant.providers.detect import HERE, configured, detect, places, sections
from assistant.providers.models import Source, sources
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft

__all__ = ["ask"]

_PATIENCE = 10.0
"""Seconds in which a server lists its models."""
_MOST = 20
"""Chat models that are offered."""


def ask(draft: Draft, answers: Answers, dialogue: Dialogue) -> None:
    """Offer each that is found and not configured, and its models for answering. Nobody is asked where none is."""
    if not (dialogue.asks if answers.servers is None else answers.servers):
        return
    loaded = draft.loaded()
    plugins = find_plugins(loaded)
    specs, taken = [*plugins.providers().values()], loaded.config.providers
    known = configured(taken, {spec.type: spec.endpoint for spec in specs})
    found = asyncio.run(detect(places([HERE], specs), specs))
    new = sections((one for one in found if one.place not in known), taken)
    if new:
        dialogue.title("Servers of models")
    elif answers.servers:
        dialogue.say("No further server of models answers on this machine.")
    used = []
    for name, section in new.items():
        offer = f"{section['type']} answers at {section['endpoint']}."
        if answers.servers or dialogue.confirm(f"{offer} Use it, as {name}?", default=True):
            draft.set(section, "providers", name)
            used.append(name)
            dialogue.say(f"{offer} Its models are called {name}/MODEL.")
    if used and dialogue.asks:
        with_section = sources(draft.loaded(), plugins)
        _prefer([with_section[name] for name in used], draft, dialogue)


def _prefer(servers: Sequence[Source], draft: Draft, dialogue: Dialogue) -> None:
    """Let the person choose a chat model of theirs; the present ones answer where it does not."""
    offered = list[str]()
    for server in servers:
        try:
            offered += asyncio.run(_chat_models(server))
        except AssistantError as error:
            dialogue.complain([f"{error}: {error.hint}" if error.hint else str(error)])
    if not offered:
        return
    present = draft.loaded().config.assistants[draft.assistant].chat
    listed = present if isinstance(present, list) else [present] if present else []
    options = [("", f"{draft.model('chat') or 'nobody'}, as now"), *((model, model) for model in offered[:_MOST])]
    if chosen := dialogue.choose("Who answers first", options, ""):
        draft.set([chosen, *listed], "assistants", draft.assistant, "chat")


async def _chat_models(server: Source) -> list[str]:
    """Return the ids of the chat models of a server; raises AssistantError."""
    provider = server.provider
    assert server.spec is not None
    try:
        async with asyncio.timeout(_PATIENCE):
            models = await server.spec.models(provider)
    except TimeoutError:
        raise AssistantError(f"{provider} does not list its models") from None
    return [f"{provider.name}/{model.name}" for model in models if model.kind is Kind.CHAT]
