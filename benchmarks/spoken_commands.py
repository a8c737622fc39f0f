"""How long people wait until a spoken command is answered: by intents and skills, and by the chat model.

Claim: with intents the first sound of the answer to a timer command comes in at most 0.6 of the time of the chat
model's, and every answer is the right one. Both hear the same files in turn, at the pace of the world, with the same
recogniser and voice.
"""

import argparse
import re
import statistics
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from voice.corpus import Utterance, build
from voice.measure import judged
from voice.run import Raw, hear
from voice.settings import Settings
from voice_to_voice import settings_of

from assistant.models.store import Store
from assistant.paths import cache_folder
from assistant.testing import recordings

_RIGHT = {
    "Set a timer for five minutes.": r"5|five|timer",
    "Cancel all timers.": r"timer",
    "What time is it?": r"\d|o.clock|past|midnight|noon",
    "What's the date?": r"20\d\d|first|second|third|\dth|\d",
}
"""What is said, and what a right answer matches."""
_SYSTEMS = ("inglenook_intents", "inglenook")
_TIMER = "Set a timer for five minutes."


def _latencies(records: Sequence[dict[str, Any]], system: str, texts: Collection[str]) -> list[float]:
    """Return the seconds of what was heard beside no television: there all wait for the longest."""
    mine = [record for record in records if record["system"] == system and not record["cold"]]
    turns = [judged(record) for record in mine if record["text"] in texts and record["set"] != "television"]
    return [turn.latency for turn in turns if turn.latency is not None]


def _right(records: Sequence[dict[str, Any]], system: str, texts: Collection[str]) -> str:
    turns = [record for record in records if record["system"] == system and not record["cold"]]
    mine = [record for record in turns if record["text"] in texts]
    good = [bool(re.search(_RIGHT[record["text"]], record["reply"], re.IGNORECASE)) for record in mine]
    return f"{sum(good)} of {len(good)}"


def main() -> None:
    """Let both hear the commands, and print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each hears every command (default: 3)")
    given = parser.parse_args()
    settings: Settings = settings_of(Store.default(), "tiny.en")
    corpus = build(cache_folder() / "benchmark", Path(settings.piper), recordings())
    said: list[Utterance] = [utterance for utterance in corpus if utterance.text in _RIGHT]
    records: list[dict[str, Any]] = []
    for _ in range(given.rounds):
        for system in _SYSTEMS:
            with tempfile.TemporaryDirectory() as folder:
                raw = Raw(Path(folder) / "turns.jsonl")
                own = replace(settings, system=system, devices=1)
                hear(own, Path(sys.executable), said, 1, raw, lambda line: print(line, flush=True))
                records += raw.records
    for what, texts in (("all commands", _RIGHT), ("timers", (_TIMER,))):
        times = {system: _latencies(records, system, texts) for system in _SYSTEMS}
        print(f"\n{what:20}{'p50':>8}{'max':>8}{'answers that fit, beside a television too':>45}")
        for system in _SYSTEMS:
            print(
                f"{system:20}{statistics.median(times[system]):>8.2f}{max(times[system]):>8.2f}"
                f"{_right(records, system, texts):>45}"
            )
        ratio = statistics.median(times[_SYSTEMS[0]]) / statistics.median(times[_SYSTEMS[1]])
        print(f"ratio {ratio:.2f}")
    print(f"claim, timers at most 0.6: {'kept' if ratio <= 0.6 else 'BROKEN'}")


if __name__ == "__main__":
    main()
