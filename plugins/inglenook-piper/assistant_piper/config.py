"""What can be set, and which voices a configuration offers, known from the names of the models."""

import re
from pathlib import Path
from typing import Annotated

import msgspec

from assistant import Capabilities, EngineConfig, ModelRef, Voice

__all__ = ["MAX_SPEED", "MIN_SPEED", "PiperConfig", "configured_voices", "describe", "language_of"]

MIN_SPEED, MAX_SPEED = 0.25, 4.0
"""How slowly and how fast a voice can still be understood, times its own pace."""

Noise = Annotated[float, msgspec.Meta(ge=0, le=2)]


class PiperConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `piper`."""

    model: ModelRef = "piper-en_US-joe-medium"
    """The default voice: an id of the catalogue, or an `.onnx` file with its `.onnx.json` beside it."""
    voices: dict[str, ModelRef] = msgspec.field(default_factory=dict)
    """Further voices by the name they are asked for; each is loaded when the engine is opened."""
    speaker: str = ""
    """Speaker of a default voice that has several: its name, or its number."""
    speed: Annotated[float, msgspec.Meta(ge=MIN_SPEED, le=MAX_SPEED)] = 1.0
    """1 is the voice's own pace, 2 is twice as fast."""
    noise: Noise | None = None
    """How lively the voice varies its tone; the voice's own value where it is not set, often 0.667."""
    rhythm_noise: Noise | None = None
    """How lively the voice varies its rhythm; the voice's own value where it is not set, often 0.8."""
    threads: Annotated[int, msgspec.Meta(ge=0)] = 0
    """CPU threads; 0 takes one for each physical core that the process may use."""
    cuda: bool | None = None
    """Whether to synthesise on an NVIDIA GPU; where it is not set, if `onnxruntime-gpu` is installed in the place of
    `onnxruntime`. Where there is none, the CPU does the work."""


_NAME = re.compile(r"(?P<language>[a-z]{2,3})_(?P<region>[A-Z]{2}|[0-9]{3})-.+")
"""Names of Piper's own voices: `en_US-joe-medium`."""

_RUNTIME = 60_000_000
"""Bytes that the libraries take."""
_VOICE = 90_000_000
"""Bytes of a loaded voice up to medium quality, measured; one of high quality takes nearly twice as much."""


def configured_voices(config: PiperConfig) -> dict[str, str]:
    """Return the model of each voice by the voice's name, the default voice first."""
    return {_voice_name(config.model): config.model} | config.voices


def _voice_name(model: str) -> str:
    return Path(model).name.removesuffix(".onnx").removeprefix("piper-")


def language_of(model: str) -> str:
    """Return the BCP-47 tag in a model's name, `en-US` for `piper-en_US-joe-medium`; empty where there is none."""
    found = _NAME.fullmatch(_voice_name(model))
    return f"{found['language']}-{found['region']}" if found else ""


def describe(config: PiperConfig) -> Capabilities:
    """Say what *config* offers, from the models' names."""
    models = configured_voices(config)
    voices = tuple(Voice(name=name, language=language_of(model)) for name, model in models.items())
    languages = dict.fromkeys(voice.language for voice in voices if voice.language)
    memory = _RUNTIME + sum(_VOICE * (2 if _voice_name(model).endswith("-high") else 1) for model in models.values())
    return Capabilities(languages=tuple(languages), voices=voices, memory=memory)
