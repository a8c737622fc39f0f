"""What every system is told before it starts: the same models, prompt and limits."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from voice.stage import Stage

__all__ = ["Converse", "Settings", "cores"]

Converse = Callable[[Stage], Awaitable[None]]
"""Holds one turn with the person at a stage, from the first sample of the utterance on; cancelled when all is heard."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one system."""

    system: str
    """Its name, with what is special about it: `pipecat_tuned`."""
    whisper: str
    """Folder of Whisper in the format of CTranslate2."""
    llm: str
    """The GGUF file."""
    piper: str
    """The `.onnx` file of the voice."""
    silero: str
    """The `.onnx` file of the voice activity detector, version 6."""
    prompt: str
    """System prompt."""
    max_tokens: int
    """Most tokens of a reply."""
    devices: int = 1
    """How many talk at once."""

    @property
    def sampling(self) -> dict[str, float]:
        """Return how words are drawn: always the likeliest, so that all systems answer alike."""
        return {"temperature": 0.0, "repeat_penalty": 1.05}


def cores() -> int:
    """Return how many physical cores there are: the second thread of a core does not help."""
    allowed = os.sched_getaffinity(0)
    try:
        siblings = {Path(f"/sys/devices/system/cpu/cpu{n}/topology/thread_siblings_list").read_text() for n in allowed}
    except OSError:
        return len(allowed)
    return len(siblings)
