"""Echo cancellation by WebRTC's AEC3, behind a linear filter that knows the room."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from assistant import Capabilities, EngineConfig, EngineSpec, Kind, hookimpl

if TYPE_CHECKING:
    from assistant_webrtc_aec.canceller import WebrtcAec

__all__ = ["WebrtcAecConfig", "assistant_engines", "open_webrtc_aec"]


class WebrtcAecConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `webrtc-aec`."""

    tail: Annotated[float, Meta(ge=0.05, le=1.0)] = 0.5
    """Seconds that the linear filter covers: the delay of speaker and microphone, and the room's reverberation."""


def describe(config: WebrtcAecConfig) -> Capabilities:
    """Estimate the memory: the library, and a filter for each device."""
    return Capabilities(memory=15_000_000)


@asynccontextmanager
async def open_webrtc_aec(config: WebrtcAecConfig) -> AsyncGenerator["WebrtcAec", None]:
    """Load the library; each device forks a canceller of its own."""
    from assistant_webrtc_aec.canceller import WebrtcAec

    yield WebrtcAec(config.tail)


@hookimpl
def assistant_engines() -> list[EngineSpec[WebrtcAecConfig, "WebrtcAec"]]:
    """Offer the engine."""
    return [
        EngineSpec(name="webrtc-aec", kind=Kind.ECHO, config=WebrtcAecConfig, describe=describe, open=open_webrtc_aec)
    ]
