"""Text to speech with Piper voices, clause by clause."""

from assistant import EngineSpec, Kind, hookimpl
from assistant_piper.config import PiperConfig, describe
from assistant_piper.engine import Piper, open_piper
from assistant_piper.gpu import build

__all__ = ["Piper", "PiperConfig", "assistant_engines", "open_piper"]


@hookimpl
def assistant_engines() -> list[EngineSpec[PiperConfig, Piper]]:
    """Offer the engine."""
    return [
        EngineSpec(name="piper", kind=Kind.TTS, config=PiperConfig, describe=describe, open=open_piper, build=build)
    ]
