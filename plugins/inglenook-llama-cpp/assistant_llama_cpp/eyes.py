"""Eyes for a chat model: a projector (`mmproj`) turns an image into embeddings that are read like tokens.

llama.cpp's own multimodal library, libmtmd, cuts an image into pieces as the model wants it. In a prompt each piece is
a run of one negative number that follows from the image's content, beside the positive ones of tokens: so the same
image at the same place is a prefix like any other, and is not read again.
"""

import ctypes
import hashlib
import io
import secrets
import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp
from llama_cpp import mtmd_cpp as mtmd
from PIL import Image as Pillow
from PIL import ImageOps

from assistant import Image, ImageError, ModelError, UnfitRequest
from assistant_llama_cpp.gguf import read_header

__all__ = ["Eyes", "Piece", "opened_eyes"]

_LONGEST = 2048
"""Pixels to which the longer side of an image is scaled down before it is cut: no model sees more."""
_IMAGES = 64
"""Images that a prompt may have."""
_PIXELS = 80_000_000
"""Pixels that they may have together: to decode them takes seconds, for which every other prompt waits."""
_KEPT = 32
"""Pieces that are kept for the next turn of their conversation."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Piece:
    """A piece of an image, ready to be read."""

    pointer: Any
    """What libmtmd calls it; freed with this object."""
    number: int
    """What stands for it in a prompt; below 0."""
    length: int
    """Positions that it fills."""
    cells: int
    """Embeddings that it is made of: cells of the cache."""


@contextmanager
def opened_eyes(path: Path, model: Any, threads: int, gpu: bool, log: Any) -> Iterator["Eyes"]:
    """Load the projector in *path* for a text *model*, and free it at the end.

    Raises ModelError where it cannot be loaded, or belongs to another model.
    """
    read_header(path)
    mtmd.mtmd_helper_log_set(log, ctypes.c_void_p(0))
    marker = f"<__media_{secrets.token_hex(8)}__>"  # so that no words can be taken for an image
    params = mtmd.mtmd_context_params_default()
    params.use_gpu, params.n_threads, params.print_timings, params.warmup = gpu, threads, False, False
    params.media_marker = marker.encode()
    context = mtmd.mtmd_init_from_file(str(path).encode(), model, params)
    if not context:
        raise ModelError(
            f"{path} cannot be loaded as the projector of this model",
            hint="give the mmproj file that was published with the model",
        )
    try:
        if not mtmd.mtmd_support_vision(context):
            raise ModelError(f"{path} is no projector for images", hint="give the model's mmproj file for images")
        yield Eyes(context, marker)
    finally:
        mtmd.mtmd_free(context)


class Eyes:
    """A loaded projector. `prompt` may be called from any thread, `read` only from the model's own."""

    def __init__(self, context: Any, marker: str) -> None:
        self._context = context
        self._pieces: OrderedDict[int, Piece] = OrderedDict()
        self._lock = threading.Lock()
        self.marker = marker
        """What stands for an image in a rendered prompt."""

    def prompt(self, text: str, images: Sequence[Image], add_start: bool) -> tuple[list[int], dict[int, Piece]]:
        """Return the tokens of a rendered prompt, those of *images* in the places of the markers, and their pieces.

        Raises ImageError where an image cannot be decoded, UnfitRequest where there are too many, or the markers do not
        fit them.
        """
        _check(images)
        if text.count(self.marker) != len(images):
            raise UnfitRequest(
                "the chat template does not show each image once",
                hint="another `template` in the model's configuration may",
            )
        with ExitStack() as stack:
            bitmaps = [stack.enter_context(_bitmap(image)) for image in images]
            chunks = stack.enter_context(_freed(mtmd.mtmd_input_chunks_init(), mtmd.mtmd_input_chunks_free))
            data = text.encode("utf-8", "replace")
            words = mtmd.mtmd_input_text(data, len(data), add_start, True)
            pointers = (mtmd.mtmd_bitmap_p_ctypes * len(bitmaps))(*bitmaps)
            if code := mtmd.mtmd_tokenize(self._context, chunks, ctypes.byref(words), pointers, len(bitmaps)):
                raise UnfitRequest(f"the images cannot be prepared (code {code})", hint="send others, or fewer")
            return self._numbered(chunks)

    def _numbered(self, chunks: Any) -> tuple[list[int], dict[int, Piece]]:
        tokens: list[int] = []
        pieces: dict[int, Piece] = {}
        counts = Counter[bytes]()
        for n in range(mtmd.mtmd_input_chunks_size(chunks)):
            chunk = mtmd.mtmd_input_chunks_get(chunks, n)
            if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                count = ctypes.c_size_t()
                found = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
                tokens += found[: count.value]
            else:
                image = mtmd.mtmd_input_chunk_get_id(chunk) or b""
                piece = self._piece(chunk, b"%b %d" % (image, counts[image]))
                counts[image] += 1
                pieces[piece.number] = piece
                tokens += [piece.number] * piece.length
        return tokens, pieces

    def _piece(self, chunk: Any, name: bytes) -> Piece:
        number = -1 - (int.from_bytes(hashlib.sha256(name).digest()[:4], "little") >> 1)
        with self._lock:
            if number not in self._pieces:
                pointer = mtmd.mtmd_input_chunk_copy(chunk)
                length, cells = mtmd.mtmd_input_chunk_get_n_pos(chunk), mtmd.mtmd_input_chunk_get_n_tokens(chunk)
                piece = self._pieces[number] = Piece(pointer, number, length, cells)
                weakref.finalize(piece, mtmd.mtmd_input_chunk_free, pointer)
            self._pieces.move_to_end(number)
            while len(self._pieces) > _KEPT:
                self._pieces.popitem(last=False)
            return self._pieces[number]

    def fits(self, piece: Piece, batch: int) -> bool:
        """Return whether a context of *batch* tokens a step can read *piece*: some models see an image at once."""
        return piece.cells <= batch or not mtmd.mtmd_decode_use_non_causal(self._context, piece.pointer)

    def read(self, piece: Piece, context: Any, sequence: int, position: int, batch: int) -> int:
        """Read *piece* into a sequence and return llama.cpp's code: 0 done, 1 no room in the cache, others failed."""
        end = llama_cpp.llama_pos()
        return int(
            mtmd.mtmd_helper_eval_chunk_single(
                self._context, context, piece.pointer, position, sequence, batch, False, ctypes.byref(end)
            )
        )


@contextmanager
def _freed(pointer: Any, free: Any) -> Iterator[Any]:
    try:
        yield pointer
    finally:
        free(pointer)


def _check(images: Sequence[Image]) -> None:
    """Raise UnfitRequest for more than a prompt may have, before any is decoded; ImageError for no image."""
    if len(images) > _IMAGES:
        raise UnfitRequest(f"there are {len(images)} images, more than {_IMAGES}", hint="send fewer")
    if sum(map(_pixels, images)) > _PIXELS:
        raise UnfitRequest(f"the images have more than {_PIXELS // 1_000_000} million pixels", hint="send smaller ones")


def _opened(image: Image) -> Pillow.Image:
    return Pillow.open(io.BytesIO(image.data), formats=("JPEG", "PNG", "WEBP"))


def _pixels(image: Image) -> int:
    try:
        with _opened(image) as file:
            return file.width * file.height
    except Exception as error:
        raise _damaged(image, error) from None


def _damaged(image: Image, error: Exception) -> ImageError:
    return ImageError(f"the {image.mime_type} cannot be decoded: {error}", hint="send the whole file")


@contextmanager
def _bitmap(image: Image) -> Iterator[Any]:
    try:
        with _opened(image) as file:
            upright = ImageOps.exif_transpose(file)
        if upright.has_transparency_data:
            ground = Pillow.new("RGBA", upright.size, "white")
            upright = Pillow.alpha_composite(ground, upright.convert("RGBA"))
        upright.thumbnail((_LONGEST, _LONGEST))
        pixels = upright.convert("RGB")
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        raise _damaged(image, error) from None
    data = (ctypes.c_uint8 * (3 * pixels.width * pixels.height)).from_buffer_copy(pixels.tobytes())
    with _freed(mtmd.mtmd_bitmap_init(pixels.width, pixels.height, data), mtmd.mtmd_bitmap_free) as bitmap:
        mtmd.mtmd_bitmap_set_id(bitmap, hashlib.sha256(image.data).hexdigest().encode())
        yield bitmap
