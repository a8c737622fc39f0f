"""Speech to text with Whisper models, by faster-whisper and CTranslate2, on the CPU or on CUDA."""

from assistant import Build, EngineSpec, Kind, hookimpl
from assistant_faster_whisper.config import FasterWhisperConfig, describe, suiting
from assistant_faster_whisper.engine import FasterWhisper, open_faster_whisper

__all__ = ["FasterWhisper", "FasterWhisperConfig", "assistant_engines", "open_faster_whisper"]


def _build() -> Build:
    from assistant_faster_whisper.loading import build

    return build()


@hookimpl
def assistant_engines() -> list[EngineSpec[FasterWhisperConfig, FasterWhisper]]:
    """Offer the engine."""
    return [
        EngineSpec(
            name="faster-whisper",
            kind=Kind.STT,
            config=FasterWhisperConfig,
            describe=describe,
            open=open_faster_whisper,
            build=_build,
            suiting=suiting,
        )
    ]
