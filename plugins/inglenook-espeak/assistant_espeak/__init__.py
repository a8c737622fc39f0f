"""Text to speech in over 100 languages, by the program espeak-ng: no model, little beauty, always there."""

from assistant import EngineSpec, Kind, hookimpl
from assistant_espeak.config import EspeakConfig, describe
from assistant_espeak.engine import Espeak, open_espeak

__all__ = ["Espeak", "EspeakConfig", "assistant_engines", "open_espeak"]


@hookimpl
def assistant_engines() -> list[EngineSpec[EspeakConfig, Espeak]]:
    """Offer the engine."""
    return [
        EngineSpec(
            name="espeak", kind=Kind.TTS, config=EspeakConfig, describe=describe, open=open_espeak, stands_in=True
        )
    ]
