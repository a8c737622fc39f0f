"""Which models fit the language, the memory and the goal; and their download."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.assembly import find_plugins
from assistant.engines import Kind
from assistant.machine import memory
from assistant.models.catalogue import Catalogue
from assistant.models.configured import read_models
from assistant.models.references import wanted
from assistant.models.store import Store
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft
from assistant.setup.language import gaps

__all__ = ["GOALS", "ask", "recognisers"]

GOALS = {"quick": "it answers soon", "accurate": "it understands well"}
"""What models can be chosen for."""

_RECOGNISERS = ("whisper-tiny.en", "whisper-base")
"""Speech recognisers of the catalogue, the quickest first."""
_SPARE = 0.8
"""Share of the free memory that models may take: people run other programs too."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a model takes."""

    model: str
    """Its id."""
    memory: int
    """Bytes once it is loaded."""


def recognisers(language: str, goal: str, free: int, needs: Sequence[Need], catalogue: Catalogue) -> list[str]:
    """Return the recognisers that know *language*, the best for *goal* first; those that do not fit come last."""
    spoken = language.partition("-")[0].lower()
    able = [need for need in needs if {"mul", spoken} & set(catalogue[need.model].languages)]
    if goal == "accurate":
        able.reverse()
    return [need.model for need in sorted(able, key=lambda need: need.memory > free * _SPARE)]


def ask(
    draft: Draft, answers: Answers, dialogue: Dialogue, language: str, fetch: Callable[[Sequence[str]], None]
) -> None:
    """Choose the models and fetch what is missing; raises ModelError where one cannot be had."""
    dialogue.title("Models")
    store = Store.default()
    free = memory().available
    dialogue.say(f"Free memory: {free / 1e9:.1f} GB.")
    current = _named(draft, "stt")
    if draft.engine("stt") != "faster-whisper" or current not in _RECOGNISERS:
        dialogue.say(f"Speech is recognised by {current or draft.engine('stt')}, as configured.")
    else:
        default = "accurate" if current == _RECOGNISERS[-1] else "quick"
        goal = answers.goal or dialogue.choose("What counts most", list(GOALS.items()), default)
        model = draft.model("stt")
        needs = [Need(name, _memory(draft, "stt", name)) for name in _RECOGNISERS]
        draft.set(recognisers(language, goal, free, needs, store.catalogue)[0], "models", model, "model")
    for kind, engine, given in (("tts", "piper", answers.voice), ("chat", "llama-cpp", answers.chat)):
        if given is not None and draft.engine(kind) == engine:
            draft.set(given, "models", draft.model(kind), "model")
    engines = find_plugins(draft.loaded()).engines.values()
    spare = (spec.name for spec in engines if spec.stands_in and spec.kind is Kind.TTS)
    dialogue.complain(gaps(language, _named(draft, "tts"), _named(draft, "chat"), store.catalogue, next(spare, "")))
    memory_needed = sum(_memory(draft, kind) for kind in ("stt", "chat", "tts", "wake", "vad"))
    if memory_needed > free:
        dialogue.complain(
            [f"The models take about {memory_needed / 1e9:.1f} GB, more than is free: end other programs."]
        )
    needed = _wanted(draft, store)
    entries = {id_: store.catalogue[id_] for id_ in needed}
    dialogue.table(
        ["model", "for", "size", "state"],
        [[id_, str(entry.kind), f"{entry.size / 1e6:.1f} MB", _state(store, id_)] for id_, entry in entries.items()],
    )
    if missing := store.missing(needed):
        size = sum(store.catalogue[id_].size for id_ in missing)
        if dialogue.confirm(f"Fetch {len(missing)} models, {size / 1e6:.0f} MB?", default=True):
            fetch(missing)
        else:
            dialogue.complain([f"Without them nothing is heard or said: assistant models pull {' '.join(missing)}"])


def _wanted(draft: Draft, store: Store) -> list[str]:
    """Return the ids of the catalogue that the draft names, in the catalogue's order."""
    loaded = draft.loaded()
    named: set[str] = set()
    for model in read_models(loaded, find_plugins(loaded)).values():
        named |= wanted(model.config, store.catalogue)
    return [id_ for id_ in store.catalogue.models if id_ in named]


def _state(store: Store, model: str) -> str:
    return "here" if store.is_complete(model) else "to be fetched"


def _named(draft: Draft, kind: str) -> str:
    """Return the id or file that a model of the draft names."""
    loaded = draft.loaded()
    return str(getattr(read_models(loaded, find_plugins(loaded))[draft.model(kind)].config, "model", ""))


def _memory(draft: Draft, kind: str, name: str | None = None) -> int:
    """Return the estimate of the engine for a model of the draft, or for one of the catalogue in its place."""
    trial = {"models": {draft.model(kind): {"model": name}}} if name else None
    loaded = draft.loaded(trial)
    return read_models(loaded, find_plugins(loaded))[draft.model(kind)].capabilities.memory
