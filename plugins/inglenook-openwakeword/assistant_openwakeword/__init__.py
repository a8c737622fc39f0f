"""Wake words by openWakeWord's models, run on ONNX Runtime: several at once, and none of it in a silent room."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec

from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelRef, hookimpl, in_thread

if TYPE_CHECKING:
    from assistant_openwakeword.wake import OpenWakeWord

__all__ = ["OpenWakeWordConfig", "Word", "assistant_engines", "open_openwakeword"]


class Word(EngineConfig, frozen=True, kw_only=True):
    """Options of one wake word."""

    model: ModelRef = ""
    """Id in the catalogue, or path of an `.onnx` file made with openWakeWord; default: `wake-` and the word's name."""
    threshold: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    """Score, 0 to 1, from which the word counts as heard; higher wakes less often by mistake, and misses more."""
    patience: Annotated[int, msgspec.Meta(ge=1)] = 1
    """How many 80 ms steps in a row must reach the threshold."""


class OpenWakeWordConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `openwakeword`."""

    words: Annotated[dict[str, Word], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: {"hey_jarvis": Word(), "alexa": Word()}
    )
    """The words to listen for, by the name that a detection carries."""
    features: ModelRef = "openwakeword-features"
    """Folder with `melspectrogram.onnx` and `embedding_model.onnx`, which all words share."""
    gate: Annotated[float, msgspec.Meta(ge=0)] = 8.0
    """Decibels by which sound must rise, in some band, above the room's own noise before the models run; 0: always."""

    def __post_init__(self) -> None:
        """Give each word without a model the catalogue's model of its name."""
        words = {
            name: word if word.model else msgspec.structs.replace(word, model=f"wake-{name}")
            for name, word in self.words.items()
        }
        msgspec.structs.force_setattr(self, "words", words)


def describe(config: OpenWakeWordConfig) -> Capabilities:
    """Estimate the memory: ONNX Runtime and the shared features, and about 2 MB for each word."""
    return Capabilities(memory=40_000_000 + 2_000_000 * len(config.words))


@asynccontextmanager
async def open_openwakeword(config: OpenWakeWordConfig) -> AsyncGenerator["OpenWakeWord", None]:
    """Load the models; raises ModelError where a file is missing or is no wake word."""

    def load() -> "OpenWakeWord":
        from assistant_openwakeword.models import Models
        from assistant_openwakeword.wake import OpenWakeWord

        return OpenWakeWord(Models.load(config), config)

    yield await in_thread(load)


@hookimpl
def assistant_engines() -> list[EngineSpec[OpenWakeWordConfig, "OpenWakeWord"]]:
    """Offer the engine."""
    return [
        EngineSpec(
            name="openwakeword",
            kind=Kind.WAKE,
            config=OpenWakeWordConfig,
            describe=describe,
            open=open_openwakeword,
        )
    ]
