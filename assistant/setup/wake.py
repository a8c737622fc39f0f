"""The wake word: which one, and three times aloud."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Any

import click

from assistant.assembly import assemble, find_plugins
from assistant.chat import Priority
from assistant.config import Loaded
from assistant.engines import Kind, Source, Wake
from assistant.models.catalogue import Catalogue
from assistant.models.configured import read_models
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft
from assistant.streams import in_thread

__all__ = ["Word", "ask", "say_three_times", "verdict", "words_to_listen_for"]

_ENGINE = "openwakeword"
_TIMES = 3
_PATIENCE = 8.0
"""Seconds in which the word is to be said."""
_AFTER = 0.8
"""Seconds for which a score can still rise once the word was noticed."""
_RUNGS = (0.05, *(step / 10 for step in range(1, 10)), 0.95)
"""Thresholds at which one and the same word is listened for: an engine tells a score only where it crosses one."""


@dataclass(frozen=True, slots=True)
class Word:
    """A wake word that can be listened for."""

    name: str
    """What a detection of it carries."""
    model: str
    """Id or file of its model."""
    threshold: float
    """Score from which it counts as heard."""

    @property
    def spoken(self) -> str:
        """Return what is said aloud."""
        return self.name.replace("_", " ")


def known_words(loaded: Loaded, wake: str, catalogue: Catalogue) -> dict[str, Word]:
    """Return the words that there are: those of the configuration, and those of the catalogue."""
    of_catalogue = [
        id_ for id_, entry in catalogue.models.items() if entry.kind is Kind.WAKE and "-features" not in id_
    ]
    words = {id_.removeprefix("wake-"): Word(id_.removeprefix("wake-"), id_, 0.5) for id_ in of_catalogue}
    config: Any = read_models(loaded, find_plugins(loaded))[wake].config
    return words | {name: Word(name, word.model, word.threshold) for name, word in config.words.items()}


def words_to_listen_for(written: Any, used: Sequence[str]) -> dict[str, Any]:
    """Return the words of a wake model: as they are *written*, and those that an assistant answers to."""
    return {
        **(written if isinstance(written, dict) else {}),
        **{name: {} for name in used if name not in (written or {})},
    }


def ask(draft: Draft, answers: Answers, dialogue: Dialogue, catalogue: Catalogue) -> list[Word]:
    """Choose the wake words of the first assistant; raises BadParameter for one that nobody knows."""
    dialogue.title("Wake word")
    loaded = draft.loaded()
    if draft.engine("wake") != _ENGINE:
        dialogue.say(f"It stays with the engine {draft.engine('wake')}, as configured.")
        return []
    model = draft.model("wake")
    known = known_words(loaded, model, catalogue)
    current = loaded.config.assistants[draft.assistant].wake
    if answers.wake is not None:
        if unknown := [name for name in answers.wake if name not in known]:
            raise click.BadParameter(f"{unknown[0]!r} is no wake word; known: {', '.join(known)}", param_hint="--wake")
        chosen = list(answers.wake)
    else:
        options = [([name], word.spoken) for name, word in known.items()]
        if current not in [names for names, _ in options]:
            options.insert(0, (current, " or ".join(known[name].spoken for name in current if name in known) or "none"))
        chosen = dialogue.choose("It answers to", options, current)
    draft.set(chosen, "assistants", draft.assistant, "wake")
    used = [
        word for name, section in loaded.config.assistants.items() if name != draft.assistant for word in section.wake
    ]
    written = loaded.config.models[model].options.get("words")
    draft.set(words_to_listen_for(written, [*chosen, *used]), "models", model, "words")
    return [known[name] for name in chosen]


def verdict(scores: Sequence[float], threshold: float) -> str:
    """Return what the scores mean, and what to do where the word was not heard well."""
    heard = sum(score >= threshold for score in scores)
    if heard == len(scores):
        return "It hears you well."
    if heard:
        return (
            f"It heard {heard} of {len(scores)}: say it clearly and without a pause, or sit closer to the microphone."
        )
    if max(scores, default=0) >= threshold / 3:
        return (
            "It nearly heard you: sit closer to the microphone, raise its gain, or lower `threshold` of the word under "
            "`models.wake.words` a little."
        )
    return "It heard nothing like the word: check the microphone, and say exactly these words."


def say_three_times(draft: Draft, word: Word, dialogue: Dialogue) -> None:
    """Let the person say the word three times, and show the score of each."""
    while True:
        dialogue.say(f'Say "{word.spoken}" three times, each when you are asked to.')
        dialogue.wait("Press Enter when you are ready.")
        rungs = {f"rung{number}": {"model": word.model, "threshold": rung} for number, rung in enumerate(_RUNGS)}
        trial = draft.loaded({"models": {draft.model("wake"): {"words": rungs}}})
        scores = asyncio.run(_scores(trial, draft.model("source"), draft.model("wake"), word, dialogue.say))
        dialogue.say(verdict(scores, word.threshold))
        if all(score >= word.threshold for score in scores) or not dialogue.confirm("Once more?", default=False):
            return


async def _scores(loaded: Loaded, source: str, wake: str, word: Word, say: Callable[[str], None]) -> list[float]:
    async with AsyncExitStack() as stack:
        assembly = await stack.enter_async_context(assemble(loaded))
        ears: Wake = await stack.enter_async_context(assembly.pool.lease(wake, Priority.BACKGROUND))
        microphone: Source = await stack.enter_async_context(assembly.pool.lease(source, Priority.BACKGROUND))
        scores = []
        for time in range(1, _TIMES + 1):
            say(f'{time} of {_TIMES}: say "{word.spoken}" now')
            scores.append(score := await _score(microphone, ears.fork()))
            heard = "heard" if score >= word.threshold else f"too low, {word.threshold:.2f} is needed"
            say(f"   score {score:.2f}: {heard}" if score else "   nothing like it was heard")
        return scores


async def _score(microphone: Source, ears: Wake) -> float:
    """Listen until a word was said; return its highest score, 0 where there was none."""
    best, ends = 0.0, float("inf")
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE), aclosing(microphone.capture()) as audio:
            async for chunk in audio:
                for detection in await in_thread(lambda: ears.push(chunk)):  # noqa: B023
                    best, ends = max(best, detection.score), min(ends, chunk.end + _AFTER)
                if chunk.end >= ends:
                    break
    return best
