"""The options of the engines `llama-cpp` and `llama-cpp-embed`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from assistant import EngineConfig, ModelRef

__all__ = ["LlamaConfig", "LlamaEmbedConfig"]

Threads = Annotated[int, Meta(ge=0, le=512)]
Layers = Annotated[int, Meta(ge=-1, le=10_000)] | Literal["auto"]


class LlamaConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `llama-cpp`."""

    model: ModelRef = "smollm2-135m"
    """A GGUF file: an id of the catalogue, or a path."""
    projector: ModelRef | None = None
    """The `mmproj` GGUF file that was published with a model that sees: an id of the catalogue, or a path; none where
    the model reads text only."""
    context: Annotated[int, Meta(ge=128, le=1_048_576)] = 4096
    """Tokens that all conversations together may hold. Replies that outgrow it pause, the least urgent first."""
    slots: Annotated[int, Meta(ge=1, le=64)] = 4
    """Replies that are written at once. A voice takes the place of a program, which goes on afterwards."""
    conversations: Annotated[int, Meta(ge=0, le=128)] = 8
    """Conversations whose prefix is kept between replies, as far as `context` has room; the oldest goes first."""
    queue: Annotated[int, Meta(ge=0, le=1024)] = 16
    """Requests that may wait for a slot where the engine is used without the daemon, whose programs wait before it
    (`http.queue`); one more is refused, unless somebody speaks."""
    batch: Annotated[int, Meta(ge=16, le=8192)] = 128
    """Prompt tokens read in one step. A reply can be stopped, and others go on, between steps; a GPU likes 512. Beside
    replies at most half as many are read at once of a prompt, and then as few as let words keep coming."""
    threads: Threads = 0
    """CPU threads; 0 takes one for each physical core that the process may use and nobody else uses at that moment,
    of a small model one more than tokens are read or written at once, and one for a voice. The last digits of what is
    computed depend on the number, so the same question is only sure to be answered in the same words where it is
    given."""
    gpu_layers: Layers = "auto"
    """Layers that are put on the GPU; -1 puts all, `auto` does so where there is one. Needs a llama-cpp-python that was
    built for it; without, or where they do not fit, the CPU does the work."""
    memory_map: bool = True
    """Map the file instead of reading it: loads faster, and memory is shared with the page cache."""
    disk_cache: Annotated[int, Meta(ge=0, le=1_048_576)] = 256
    """MiB on the disk for system prompts that were read, so that a restart starts warm; 0 saves none."""
    memory_cache: Annotated[int, Meta(ge=0, le=1_048_576)] = 64
    """MiB of memory for prefixes of idle conversations beside `context`, where they slow nobody down; 0 leaves them
    there."""
    template: str = ""
    """Chat template (Jinja2); empty takes the model's own."""
    temperature: Annotated[float, Meta(ge=0, le=5)] = 0.2
    """How freely words are drawn where the request does not say; 0 always takes the likeliest."""
    top_p: Annotated[float, Meta(gt=0, le=1)] = 0.95
    """Keep the likeliest tokens up to this total probability; 1 keeps all."""
    top_k: Annotated[int, Meta(ge=0)] = 40
    """Keep this many of the likeliest tokens; 0 keeps all."""
    min_p: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """Drop tokens less likely than this share of the likeliest; 0 drops none."""
    repeat_penalty: Annotated[float, Meta(gt=0, le=10)] = 1.05
    """Above 1 makes tokens of the last 64 of the reply less likely; 1 does nothing."""


class LlamaEmbedConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `llama-cpp-embed`."""

    model: ModelRef = ""
    """A GGUF file of a model of sentences (an embedding model): an id of the catalogue, or a path."""
    pooling: Literal["auto", "mean", "cls", "last"] = "auto"
    """How the vector of a text is made of those of its tokens: their mean, that of the first (`cls`) or of the last;
    `auto` as the file says. A chat model's file says nothing, and needs to be told."""
    context: Annotated[int, Meta(ge=64, le=1_048_576)] = 512
    """Tokens of a text that count, the rest is cut off; no more than the model was trained with. Short texts are
    computed at once, as many as have room in it."""
    languages: list[str] = msgspec.field(default_factory=list)
    """BCP-47 tags of the languages in which the model knows what is near in meaning: in others an assistant compares
    letters, and in all where none is named."""
    threads: Threads = 0
    """CPU threads; 0 takes one for a sentence and a small model, and one for each core that nobody else uses at that
    moment for more work."""
    gpu_layers: Layers = "auto"
    """Layers that are put on the GPU; -1 puts all, `auto` does so where there is one. Needs a llama-cpp-python that was
    built for it; without, or where they do not fit, the CPU does the work."""
