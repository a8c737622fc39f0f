"""Let each system hear the corpus in a process of its own, and keep what came of it as it comes."""

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voice.corpus import Utterance
from voice.measure import judged
from voice.settings import Settings

__all__ = ["SYSTEMS", "Raw", "hear"]

SYSTEMS = ("in_order", "wyoming", "pipecat", "pipecat_tuned", "inglenook", "inglenook_fixed")
_BENCHMARKS = Path(__file__).resolve().parent.parent


class Raw:
    """The raw file: a line for each turn, so that a break loses nothing and a rerun goes on where it was."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = file.read_text().splitlines() if file.exists() else []
        self.records: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def forget(self, systems: Sequence[str]) -> None:
        """Drop what is known of *systems*."""
        self.records = [record for record in self.records if record["system"] not in systems]
        self._file.write_text("".join(json.dumps(record) + "\n" for record in self.records))

    def add(self, record: dict[str, Any]) -> None:
        """Append a record."""
        self.records.append(record)
        with self._file.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def has(self, turn: "_Turn") -> bool:
        """Tell whether a turn was taken."""
        return any(record["key"] == turn.key for record in self.records)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is said at once to the devices of a system."""

    system: str
    """Its name."""
    devices: int
    """How many there are."""
    start: int | None
    """Which cold start of the process this is the first turn of; None for a warm turn."""
    said: tuple[Utterance, ...]
    """What each device hears."""

    @property
    def key(self) -> list[Any]:
        """Return what tells the turn from all others."""
        return [self.system, self.devices, self.start, [utterance.name for utterance in self.said]]


def hear(
    settings: Settings, python: Path, said: Sequence[Utterance], starts: int, raw: Raw, tell: Callable[[str], None]
) -> None:
    """Let one system, run by *python*, hear *said* at as many devices as *settings* has.

    Its process is started *starts* times for a cold turn, and goes on after the first. With several devices, each hears
    another utterance of the same set at the same time.
    """
    at_once = [_at_once(said, utterance, settings.devices) for utterance in said]
    warm = [_Turn(settings.system, settings.devices, None, together) for together in at_once]
    for start in range(starts):
        cold = _Turn(settings.system, settings.devices, start, at_once[0])
        turns = [cold, *(warm if start == 0 else ())]
        if missing := [turn for turn in turns if not raw.has(turn)]:
            # Where another process was broken off, its cold turn is heard again, but not kept.
            _hear(settings, python, [cold, *(turn for turn in missing if turn is not cold)], raw, tell)


def _at_once(said: Sequence[Utterance], utterance: Utterance, devices: int) -> tuple[Utterance, ...]:
    members = [other for other in said if other.set == utterance.set]
    first = members.index(utterance)
    return tuple(members[(first + n) % len(members)] for n in range(devices))


def _hear(settings: Settings, python: Path, turns: Sequence[_Turn], raw: Raw, tell: Callable[[str], None]) -> None:
    with _process(settings, python) as exchange:
        loaded = exchange(None)["loaded"]
        for turn in turns:
            answer = exchange([[utterance.file, utterance.last] for utterance in turn.said])
            if raw.has(turn):
                continue
            about = {"key": turn.key, "system": turn.system, "devices": turn.devices, "cold": turn.start is not None}
            about["at"] = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
            about |= {"loaded": loaded, "resident": answer["resident"]}
            for utterance, take in zip(turn.said, answer["takes"], strict=True):
                record = about | asdict(utterance) | {"file": Path(utterance.file).name} | take
                raw.add(record)
                tell(_line(record))


def _line(record: dict[str, Any]) -> str:
    turn = judged(record)
    came = "cut off" if turn.cut_off else "no answer" if turn.latency is None else f"{turn.latency:.2f} s"
    heard = " ".join(record["transcripts"]).strip()
    temperature = " cold" if record["cold"] else ""
    return f"{record['system']:16}{record['name'][:34]:36}{came:>10}{temperature}  {heard[:30]}"


@contextmanager
def _process(settings: Settings, python: Path) -> Iterator[Callable[[Any], Any]]:
    """Start a system; yield a function that asks it (nothing: for its greeting) and returns its answer."""
    command = [str(python), "-m", "voice.child", json.dumps(asdict(settings))]
    log = _BENCHMARKS.parent / "build" / "logs" / f"voice-{settings.system}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(_BENCHMARKS), "HF_HUB_OFFLINE": "1"}
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=_BENCHMARKS.parent,
            env=environment,
        )
        assert process.stdin is not None and process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def exchange(question: Any) -> Any:
            if question is not None:
                asked.write(json.dumps(question) + "\n")
                asked.flush()
            line = answers.readline()
            if not line:
                sys.exit(f"{settings.system} has ended: {log} says why. A rerun goes on where it was.")
            return json.loads(line)

        try:
            yield exchange
        finally:
            asked.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
