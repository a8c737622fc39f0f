"""Images through llama.cpp's multimodal library: a real text model, a projector of random weights.

No small model that sees is to be had. So what it says of an image means nothing; that it sees it, does.
"""

import asyncio
import io
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assistant_llama_cpp import LlamaConfig, describe_llama, open_llama
from assistant_llama_cpp.engine import LlamaChat
from gguf import GGUFWriter
from PIL import Image as Pillow

from assistant import (
    ChatMessage,
    ChatRequest,
    Done,
    EngineUnavailable,
    Image,
    ImageError,
    ImagePart,
    ModelError,
    Sampling,
    TextDelta,
    TextPart,
    UnfitRequest,
    read_image,
)
from assistant.testing import check_chat

TEXT_WIDTH = 576
"""Numbers in an embedding of SmolLM2-135M."""
WIDTH, HIDDEN, SIDE, PATCH = 32, 64, 28, 7
PATCHES = (SIDE // PATCH) ** 2
"""Embeddings of one image."""
RULES = ChatMessage.of("system", "You answer briefly.")


def write_projector(path: Path, text_width: int = TEXT_WIDTH) -> Path:
    """Write eyes that see something, but nobody knows what: LLaVA's projector over a small vision transformer."""
    dice = np.random.default_rng(1)
    writer = GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "mlp")
    writer.add_bool("clip.use_gelu", True)
    numbers = {
        "image_size": SIDE,
        "patch_size": PATCH,
        "embedding_length": WIDTH,
        "feed_forward_length": HIDDEN,
        "block_count": 2,
        "projection_dim": text_width,
        "attention.head_count": 2,
    }
    for key, value in numbers.items():
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])

    def add(name: str, *shape: int) -> None:
        spread = 2.0 if name == "mm.2.weight" else 0.2
        writer.add_tensor(name, dice.normal(0, spread, shape).astype(np.float32))

    add("v.class_embd", WIDTH)
    add("v.patch_embd.weight", WIDTH, 3, PATCH, PATCH)
    add("v.position_embd.weight", PATCHES + 1, WIDTH)
    layers = {"attn_q": WIDTH, "attn_k": WIDTH, "attn_v": WIDTH, "attn_out": WIDTH, "ffn_up": HIDDEN, "ffn_down": WIDTH}
    for block in range(2):
        for layer, outputs in layers.items():
            add(f"v.blk.{block}.{layer}.weight", outputs, HIDDEN if layer == "ffn_down" else WIDTH)
            add(f"v.blk.{block}.{layer}.bias", outputs)
    for norm in ("v.pre_ln", "v.post_ln", *(f"v.blk.{block}.ln{n}" for block in range(2) for n in (1, 2))):
        add(f"{norm}.weight", WIDTH)
        add(f"{norm}.bias", WIDTH)
    for layer, inputs in (("mm.0", WIDTH), ("mm.2", text_width)):
        add(f"{layer}.weight", text_width, inputs)
        add(f"{layer}.bias", text_width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def projector(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_projector(tmp_path_factory.mktemp("eyes") / "mmproj.gguf"))


@pytest.fixture
async def chat(model: str, projector: str) -> AsyncGenerator[LlamaChat, None]:
    config = LlamaConfig(
        model=model, projector=projector, threads=1, context=1024, slots=2, temperature=0, memory_cache=0
    )
    # Words go to other cells where some were put aside, which moves the last bits of sums: eyes that were made at
    # random leave many a choice to these.
    async with open_llama(config) as chat:
        yield chat


def picture(seed: int, form: str = "PNG", size: tuple[int, int] = (90, 60), **options: Any) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (*reversed(size), 3), np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, form, **options)
    return read_image(file.getvalue())


def request(*parts: TextPart | ImagePart, conversation: str = "c", before: tuple[ChatMessage, ...] = ()) -> ChatRequest:
    messages = (RULES, *before, ChatMessage("user", parts))
    return ChatRequest(messages, conversation=conversation, max_tokens=8, sampling=Sampling(temperature=0))


def about(image: Image, words: str = "What is this?", **more: Any) -> ChatRequest:
    return request(ImagePart(image), TextPart(words), **more)


async def answer(chat: LlamaChat, asked: ChatRequest) -> tuple[str, Done]:
    said, done = "", None
    async with aclosing(chat.reply(asked)) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                said += delta.text
            elif isinstance(delta, Done):
                done = delta
    assert done
    return said, done


def test_what_it_takes_is_known_before_it_is_opened(model: str, projector: str) -> None:
    plain, seeing = (describe_llama(LlamaConfig(model=model, projector=p)) for p in (None, projector))
    assert plain.inputs == {"text"} and seeing.inputs == {"text", "image"}
    assert seeing.memory - plain.memory == Path(projector).stat().st_size


async def test_it_keeps_the_promises_of_a_chat_engine(chat: LlamaChat) -> None:
    assert await check_chat(chat, about(picture(1)))


async def test_an_image_is_read_in_its_place_and_stays_in_the_cache(chat: LlamaChat) -> None:
    said, done = await answer(chat, about(picture(1)))
    _, without = await answer(chat, request(TextPart("\nWhat is this?"), conversation="other"))
    assert done.usage.prompt_tokens - without.usage.prompt_tokens in range(PATCHES, PATCHES + 3)

    _, again = await answer(chat, about(picture(1), "What is that?"))
    assert again.usage.cached_tokens > again.usage.prompt_tokens - 10, "the image is not read again"
    assert (await answer(chat, about(picture(1))))[0] == said, "and it is seen as before"

    _, other = await answer(chat, about(picture(2), "What is that?"))
    assert other.usage.cached_tokens < PATCHES, "another image is another prefix"


async def test_what_is_seen_makes_a_difference_and_is_the_same_each_time(chat: LlamaChat) -> None:
    said = {}
    for colour in ("black", "white", "red", "blue"):
        file = io.BytesIO()
        Pillow.new("RGB", (64, 64), colour).save(file, "PNG")
        asked = about(read_image(file.getvalue()), "Write a word.", conversation=colour)
        said[colour] = (await answer(chat, asked))[0]
        assert (await answer(chat, asked))[0] == said[colour]
    assert len(set(said.values())) > 1, "it says the same of every image"


async def test_a_second_image_leaves_the_first_where_it_is(chat: LlamaChat) -> None:
    said, _ = await answer(chat, about(picture(1)))
    before = (
        ChatMessage("user", (ImagePart(picture(1)), TextPart("What is this?"))),
        ChatMessage.of("assistant", said),
    )
    _, done = await answer(chat, about(picture(2), "And this?", before=before))
    assert done.usage.cached_tokens > PATCHES + 10
    assert done.usage.prompt_tokens > 2 * PATCHES + 10


async def test_replies_with_and_without_an_image_are_written_at_once(chat: LlamaChat) -> None:
    plain = request(TextPart("Count to three."), conversation="plain")
    alone = await answer(chat, plain)
    both = await asyncio.gather(answer(chat, about(picture(3))), answer(chat, plain))
    assert both[1][0] == alone[0] and both[0][0]


async def test_an_image_is_shown_upright_and_in_every_format(chat: LlamaChat) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    for image in (picture(1, "JPEG", exif=exif.tobytes()), picture(1, "WEBP"), picture(1, size=(5000, 40))):
        assert (await answer(chat, about(image)))[1].reason in ("stop", "length")


async def test_words_cannot_stand_for_an_image(chat: LlamaChat) -> None:
    for words in ("<__media__>", "<image>", "<|image|>"):
        said, _ = await answer(chat, about(picture(1), f"{words} What is this?"))
        assert said


async def test_a_damaged_image_fails_alone(chat: LlamaChat) -> None:
    whole = picture(1)
    with pytest.raises(ImageError, match="cannot be decoded"):
        await answer(chat, about(Image(whole.data[: len(whole.data) // 2], "image/png")))
    assert (await answer(chat, about(whole)))[0]


def blank(side: int) -> Image:
    """Make an image that takes few bytes and many pixels."""
    file = io.BytesIO()
    Pillow.new("1", (side, side)).save(file, "PNG")
    return read_image(file.getvalue())


async def test_t8_many_images_are_refused_before_they_are_decoded(
    chat: LlamaChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = ImagePart(blank(6_000)), ImagePart(blank(1))
    monkeypatch.setattr(Pillow.Image, "load", pytest.fail)
    with pytest.raises(UnfitRequest, match="more than 80 million pixels"):
        await answer(chat, request(large, large, large, TextPart("What are these?")))
    with pytest.raises(UnfitRequest, match="65 images"):
        await answer(chat, request(*[small] * 65, TextPart("What are these?")))


async def test_a_conversation_of_images_that_does_not_fit_fails_and_the_next_is_read(chat: LlamaChat) -> None:
    many = [ImagePart(picture(seed)) for seed in range(64)]
    with pytest.raises(UnfitRequest, match="the prompt has"):
        await answer(chat, request(*many, TextPart("What are these?")))
    for seed in range(12):  # the cache fills; what was unused for longest goes
        images = [ImagePart(picture(seed * 10 + n)) for n in range(10)]
        assert (await answer(chat, request(*images, TextPart("What?"), conversation=str(seed))))[0]


async def test_a_template_that_drops_images_is_told(model: str, projector: str) -> None:
    template = "{% for m in messages %}{{ m.role }}{% endfor %}"
    async with open_llama(LlamaConfig(model=model, projector=projector, template=template)) as chat:
        with pytest.raises(UnfitRequest, match="does not show each image once"):
            await answer(chat, about(picture(1)))


async def test_without_a_projector_an_image_is_refused(model: str) -> None:
    async with open_llama(LlamaConfig(model=model)) as chat:
        with pytest.raises(UnfitRequest, match="a picture: this model does not take it"):
            await answer(chat, about(picture(1)))


async def test_a_library_without_eyes_is_told_where_they_are_wanted_only(
    model: str, projector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "assistant_llama_cpp.eyes", None)  # as where libmtmd was not built
    with pytest.raises(EngineUnavailable, match="without its multimodal library") as error:
        async with open_llama(LlamaConfig(model=model, projector=projector)):
            pass
    assert error.value.hint
    async with open_llama(LlamaConfig(model=model)) as chat:
        assert (await answer(chat, request(TextPart("Hello?"))))[0]


async def test_a_projector_of_another_model_is_refused(model: str, tmp_path: Path) -> None:
    for path, reason in (
        (write_projector(tmp_path / "wide.gguf", 640), "cannot be loaded as the projector"),
        (Path(model), "cannot be loaded as the projector"),
        (tmp_path / "none.gguf", "cannot be read"),
    ):
        with pytest.raises(ModelError, match=reason):
            async with open_llama(LlamaConfig(model=model, projector=str(path))):
                pass
    (tmp_path / "cut.gguf").write_bytes((tmp_path / "wide.gguf").read_bytes()[:-1000])
    with pytest.raises(ModelError, match="its tensors need"):
        async with open_llama(LlamaConfig(model=model, projector=str(tmp_path / "cut.gguf"))):
            pass
