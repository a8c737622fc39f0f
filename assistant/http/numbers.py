"""All numbers of an assembly."""

from collections.abc import Iterator, Mapping

from assistant import __version__
from assistant.assembly import Assembly
from assistant.metrics.exposition import Family, Sample
from assistant.metrics.models import of_models, of_servers
from assistant.metrics.process import of_the_process
from assistant.pipeline.microphone import Microphone
from assistant.serving import Cache

__all__ = ["everything"]


def everything(assembly: Assembly, microphones: Mapping[str, Microphone]) -> Iterator[Family]:
    """Yield every number but those of the requests; *microphones* are those of the devices, by name."""
    health = assembly.equipment.routing.health
    yield Family("inglenook_info", "gauge", "Which version runs.", [Sample(1, {"version": __version__})])
    yield from assembly.turns.families()
    lost = [Sample(microphone.lost, {"device": name}) for name, microphone in microphones.items()]
    yield Family("inglenook_audio_chunks_lost_total", "counter", "Chunks of sound not worked off in time.", lost)
    events = [Sample(assembly.events.lost)]
    yield Family("inglenook_events_lost_total", "counter", "Events that a subscriber was too slow for.", events)
    yield from of_models(assembly.pool, health)
    yield from of_servers(assembly.providers, health)
    yield from _of_replies(assembly.replies)
    yield from of_the_process()


def _of_replies(cache: Cache) -> Iterator[Family]:
    found = {"hit": cache.hits, "like": cache.likes, "miss": cache.misses}
    looked = [Sample(count, {"result": result}) for result, count in found.items()]
    yield Family("inglenook_reply_cache_lookups_total", "counter", "Replies looked for among those kept.", looked)
    yield Family("inglenook_reply_cache_bytes", "gauge", "Bytes that kept replies take.", [Sample(cache.used)])
