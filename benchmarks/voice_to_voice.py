"""How long people wait for an answer, beside other assistants with the same models on the same machine.

Claim: with the same models, p50 from the last voiced sample to the first audible sample of the answer is at most half
of the best peer's, and no more people are cut off. Each system hears the same labelled files at the pace of the world,
in a process of its own. What is said, and what counts as an answer, is in benchmarks/voice/; the results are in
benchmarks/results/RESULTS.md.
"""

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from voice import report
from voice.corpus import SETS, WAIT, build, chosen
from voice.environment import peers, versions
from voice.run import SYSTEMS, Raw, hear
from voice.settings import Settings

from assistant import __version__
from assistant.models.store import Store
from assistant.paths import cache_folder
from assistant.pipeline.language import system_prompt
from assistant.testing import recordings

_ROOT = Path(__file__).resolve().parent.parent
_MAX_TOKENS = 160
_WHISPER = ("tiny.en", "base")
"""Sizes of Whisper; the results of each but the first lie in a folder of its name."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="which, with commas; all by default")
    parser.add_argument("--sets", default=",".join(SETS), help="what is said: recordings,lengths,pauses,television")
    parser.add_argument("--per-set", type=int, default=4, help="utterances of each set; 99 takes all (default: 4)")
    parser.add_argument("--devices", default="1", help="how many talk at once, e.g. 1,2,4 (default: 1)")
    parser.add_argument("--cold", type=int, default=1, help="cold starts of each system (default: 1)")
    parser.add_argument(
        "--whisper", choices=_WHISPER, default=_WHISPER[0], help="the recogniser of all (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="two utterances of each set, kept apart from the results")
    parser.add_argument("--fresh", action="store_true", help="begin anew; without it a run that was broken goes on")
    parser.add_argument("--redo", default="", help="systems to measure again; what is known of the others is kept")
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for RESULTS.md")
    return parser.parse_args()


def settings_of(store: Store, whisper: str) -> Settings:
    """Return what every system is told, with the models of *store* and a size of Whisper."""
    return Settings(
        system="",
        whisper=str(store.path(f"whisper-{whisper}")),
        llm=str(store.path("smollm2-135m")),
        piper=str(store.path("piper-en_US-joe-medium")),
        silero=str(store.path("silero-vad")),
        prompt=system_prompt("en"),
        max_tokens=_MAX_TOKENS,
    )


def _dates(raw: Raw) -> str:
    """Return when the first turn was taken, and the last."""
    taken = sorted(record["at"] for record in raw.records)
    return " to ".join(dict.fromkeys((taken[0], taken[-1])))


def main() -> None:
    """Measure, and write the table, the picture, the file and the page."""
    given = _arguments()
    systems = given.systems.split(",")
    if unknown := set(systems) - set(SYSTEMS):
        raise SystemExit(f"unknown: {', '.join(unknown)}. Systems: {', '.join(SYSTEMS)}")
    cache = cache_folder() / "benchmark"
    python = peers(cache)
    settings = settings_of(Store.default(), given.whisper)
    corpus = build(cache, Path(settings.piper), recordings())
    said = chosen(corpus, given.sets.split(","), 2 if given.quick else given.per_set)

    size = "" if given.whisper == _WHISPER[0] else given.whisper
    raw = Raw(cache / size / ("voice_to_voice-quick.jsonl" if given.quick else "voice_to_voice.jsonl"))
    raw.forget(SYSTEMS if given.fresh or given.quick else given.redo.split(","))
    for devices in map(int, given.devices.split(",")):
        for system in systems:
            own = replace(settings, system=system, devices=devices)
            runner = Path(sys.executable) if system.startswith("inglenook") else python
            hear(own, runner, said, given.cold if devices == 1 else 1, raw, lambda line: print(line, flush=True))

    folder = (cache / "quick" if given.quick else _ROOT / "benchmarks" / "results") / size
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=_ROOT, capture_output=True, text=True)
    found = report.results(
        raw.records,
        {
            "machine": report.machine(),
            "date": _dates(raw),
            "versions": {"inglenook": f"{__version__} ({commit.stdout.strip() or 'no commit'})", **versions(python)},
            "wait": WAIT,
            "cold_starts": given.cold,
            "whisper": given.whisper,
            "corpus": "What was said: persons' recordings and synthesised speech."
            if recordings()
            else "What was said is synthesised: INGLENOOK_TEST_DATA names no folder of recordings.",
            "note": given.note,
        },
    )
    report.save(found, folder)
    picture = folder / "voice_to_voice.png"
    subprocess.run(
        [python, "-m", "voice.plot", folder / "voice_to_voice.json", picture], cwd=_ROOT / "benchmarks", check=True
    )
    print(f"\n{report.table(found)}\n\nin {folder}")


if __name__ == "__main__":
    main()
