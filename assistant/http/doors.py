"""What the core serves of an assembly: one group of routes from each file beside this one."""

from collections.abc import Mapping
from functools import partial

from assistant.assembly import Assembly
from assistant.http import devices, history, keys, metrics, ollama, openai, providers, realtime, rest, timers
from assistant.http.numbers import everything
from assistant.http.openai import Ears, Eyes, Mouth, audio
from assistant.http.rest.audio import AudioDoor
from assistant.http.route import Route
from assistant.http.turn import TurnDoor
from assistant.http.vision import VisionDoor
from assistant.models.store import Store
from assistant.pipeline.microphone import Microphone
from assistant.serving import Embedding, Generation, Hearing, Likeness, Names, Sounds, Speaking

__all__ = ["doors"]


def doors(assembly: Assembly, microphones: Mapping[str, Microphone] | None = None) -> list[Route]:
    """Return the routes of every door; `make_app` adds those that need no assembly.

    *microphones* are those of the devices, by name.
    """
    section = assembly.config.http
    names = Names(assembly.models, assembly.config.aliases)
    embedding, cache = Embedding(assembly.pool, names, section.queue), section.cache
    generation = Generation(
        assembly.pool,
        names,
        section.queue,
        section.wait,
        assembly.equipment.routing,
        assembly.replies,
        Likeness(embedding, cache.embed, cache.likeness) if cache.embed else None,
    )
    sounds = Sounds(assembly.pool, section.longest, section.queue)
    health = assembly.equipment.routing.health
    hearing = Hearing(assembly.pool, names, sounds, section.queue, section.wait, health)
    speaking = Speaking(assembly.pool, names, sounds, section.queue, section.wait)
    ears = Ears(hearing, assembly.equipment.assistants)
    mouth = Mouth(speaking, assembly.equipment.assistants)
    return [
        *history.routes(assembly.forget),
        *VisionDoor(assembly).routes(),
        *devices.routes(assembly.controls),
        *timers.routes(assembly.timers),
        *keys.routes(assembly.keys, assembly.audit),
        *metrics.routes(partial(everything, assembly, microphones or {})),
        *openai.routes(generation, embedding, ears, Eyes(section.media), mouth),
        *audio.routes(hearing, speaking),
        *realtime.routes(assembly.equipment, generation),
        *ollama.routes(generation, embedding, Store.default()),
        *rest.routes(generation, embedding),
        *providers.routes(assembly.providers),
        *AudioDoor(hearing, speaking).routes(),
        *TurnDoor(assembly, hearing).routes(),
    ]
