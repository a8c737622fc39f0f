"""Sound in the formats of files, such as MP3, by FFmpeg: in a process that can do nothing else, and can be killed."""

from assistant import EngineSpec, Kind, hookimpl
from assistant_av.codec import AvCodec, open_av
from assistant_av.config import AvConfig, describe

__all__ = ["AvCodec", "AvConfig", "assistant_engines", "open_av"]


@hookimpl
def assistant_engines() -> list[EngineSpec[AvConfig, AvCodec]]:
    """Offer the engine."""
    return [
        EngineSpec(name="av", kind=Kind.CODEC, config=AvConfig, describe=describe, open=open_av, stands_in=True),
    ]
