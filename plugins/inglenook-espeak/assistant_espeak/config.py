"""What can be set, and which voices there are, known without asking the program."""

from typing import Annotated

import msgspec

from assistant import Capabilities, EngineConfig, Voice
from assistant_espeak.languages import LANGUAGES, VOICES

__all__ = ["MAX_SPEED", "MIN_SPEED", "EspeakConfig", "describe"]

MIN_SPEED, MAX_SPEED = 0.5, 4.0
"""How slowly and how fast it speaks, times its own pace: the program has no words per minute below 80."""

_MEMORY = 8_000_000
"""Bytes of the program while it speaks, measured."""


class EspeakConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `espeak`."""

    voice: str = "en-us"
    """The voice where none is asked for and none speaks the language of the text: a language, as `espeak-ng --voices`
    names it."""
    variant: str = ""
    """How every voice sounds: `f1` to `f5`, `m1` to `m8`, `whisper` and others (`espeak-ng --voices=variant`); the
    voice's own sound where it is empty."""
    speed: Annotated[float, msgspec.Meta(ge=MIN_SPEED, le=MAX_SPEED)] = 1.0
    """1 is 175 words a minute, 2 is twice as fast."""
    pitch: Annotated[int, msgspec.Meta(ge=0, le=99)] = 50
    """How high the voice is."""
    volume: Annotated[int, msgspec.Meta(ge=0, le=200)] = 100
    """How loud the voice is; above 100 it may be distorted."""
    program: str = "espeak-ng"
    """The program: its name, or its path."""


def describe(config: EspeakConfig) -> Capabilities:
    """Say which languages are spoken, whatever *config* says."""
    voices = tuple(Voice(name=name, language=name) for name in VOICES)
    return Capabilities(languages=LANGUAGES, voices=voices, memory=_MEMORY)
