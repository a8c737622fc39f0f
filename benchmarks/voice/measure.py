"""From what was seen of each turn to what is reported: pure functions over the records."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voice.corpus import SETS

__all__ = ["HEADLINE", "Turn", "judged", "summary", "word_errors", "words"]

HEADLINE = tuple(name for name in SETS if name != "television")
"""The sets whose turns make p50, p95 and the rates of a system; beside a television most systems hear no end at all."""

_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: str(n) for n, word in enumerate(_SMALL)}
_SPELLED = {"tv": "television", "whats": "what is", "okay": "ok", "litre": "liter"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of one system came to."""

    set: str
    """Of its utterance."""
    devices: int
    """How many talked at once."""
    cold: bool
    """Whether it was the first of its process."""
    latency: float | None
    """Seconds from the last voiced sample to the first audible one of the answer; None where none came, or where the
    person was cut off."""
    answered: bool
    """Whether an answer with words in it sounded after the last voiced sample."""
    cut_off: bool
    """Whether the person noticed that the turn was ended too early: an answer sounded before the last voiced sample, or
    the system never took the rest."""
    early_end: bool
    """Whether the system ended the turn before the last voiced sample, even if it took that back in time."""
    errors: int
    """Words of the transcript that are wrong, missing or too many."""
    spoken: int
    """Words that were said; 0 where there is no transcript."""


def judged(record: dict[str, Any]) -> Turn:
    """Judge one record of the raw file."""
    last, ends, sounds = record["last"], record["ends"], record["sounds"]
    after = [at for at in sounds if at > last]
    cut_off = any(at <= last for at in sounds) or (bool(ends) and max(ends) < last)
    answered = bool(after) and bool(record["reply"].strip()) and not record["error"]
    transcript = words(" ".join(record["transcripts"]))
    said = words(record["text"])
    return Turn(
        set=record["set"],
        devices=record["devices"],
        cold=record["cold"],
        latency=after[0] - last if answered and not cut_off else None,
        answered=answered,
        cut_off=cut_off,
        early_end=any(end < last for end in ends),
        errors=word_errors(said, transcript) if transcript else 0,
        spoken=len(said) if transcript else 0,
    )


def summary(turns: Sequence[Turn]) -> dict[str, Any]:
    """Summarise the turns of a system: latency, cut-offs and quality, which mean nothing without each other."""
    latencies = [turn.latency for turn in turns if turn.latency is not None]
    spoken = sum(turn.spoken for turn in turns)
    return {
        "n": len(turns),
        "p50": _percentile(latencies, 50),
        "p95": _percentile(latencies, 95),
        "cutoff_rate": _share(turn.cut_off for turn in turns),
        "early_end_rate": _share(turn.early_end for turn in turns),
        "quality": {
            "wer": round(sum(turn.errors for turn in turns) / spoken, 3) if spoken else None,
            "answered": _share(turn.answered for turn in turns),
            "complete": _share(turn.answered and not turn.cut_off for turn in turns),
        },
    }


def words(text: str) -> list[str]:
    """Return the words of *text* as they are compared: small letters, no marks, numbers as digits."""
    plain = re.sub(r"[^a-z0-9 ]+", "", text.lower().replace("-", " ").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    spelled = (_SPELLED.get(word, _NUMBERS.get(word, word)) for word in plain.split())
    return " ".join(spelled).split()


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return the fewest substitutions, deletions and insertions that make *heard* from *said*."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 3) if values else None


def _share(flags: Iterable[bool]) -> float | None:
    values = list(flags)
    return round(sum(values) / len(values), 3) if values else None
