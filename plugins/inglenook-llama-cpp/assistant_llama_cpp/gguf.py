"""Read and check the header of a GGUF file before native code does.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A header is believed in nothing: each count,
length and offset is held against the length of the file.
"""

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from assistant import ModelError

__all__ = ["BLOCKS", "Header", "read_header"]

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Values in a block and bytes of a block, for each tensor type of ggml.h (`ggml_blck_size`, `ggml_type_size`)."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself."""

    metadata: Mapping[str, int | float | str]
    """Keys and values, without the arrays."""
    tensors: int
    """Tensors in the file."""

    def kv_bytes(self, context: int) -> int:
        """Return the bytes that *context* tokens take in the KV cache at 16 bits; 0 where the header does not say."""
        architecture = self.metadata.get("general.architecture", "")

        def number(key: str) -> int:
            value = self.metadata.get(f"{architecture}.{key}", 0)
            return value if isinstance(value, int) else 0

        heads = number("attention.head_count")
        width = number("attention.key_length") or number("embedding_length") // max(heads, 1)
        return 2 * 2 * context * number("block_count") * (number("attention.head_count_kv") or heads) * width


def read_header(path: Path) -> Header:
    """Read the header of *path*; raises ModelError for a file that is missing, cut off or not what it says."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _header(_Reader(data))
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}", hint="fetch the model with: assistant models pull"
        ) from None
    except ValueError as error:  # also of mmap: an empty file
        raise ModelError(
            f"{path} is not a usable GGUF file: {error}", hint="fetch the file again: it is damaged or of another kind"
        ) from None


class _Reader:
    """Take values from the front of a file; raises ValueError instead of leaving it."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at, self.length = data, 0, len(data)

    def skip(self, size: int) -> int:
        """Pass *size* bytes and return where they started."""
        start = self.at
        if size > self.length - start:
            raise ValueError(f"byte {start} of {self.length} announces {size} more")
        self.at = start + size
        return start

    def number(self, kind: str) -> int:
        return int(struct.unpack_from(f"<{kind}", self.data, self.skip(struct.calcsize(f"<{kind}")))[0])

    def text(self) -> str:
        size = self.number("Q")
        start = self.skip(size)
        return self.data[start : self.at].decode("utf-8", "replace")

    def value(self) -> int | float | str | None:
        """Read a typed value; an array is passed over and read as None."""
        kind = self.number("I")
        if kind == _STRING:
            return self.text()
        if kind in _SCALARS:
            code = f"<{_SCALARS[kind]}"
            value: int | float = struct.unpack_from(code, self.data, self.skip(struct.calcsize(code)))[0]
            return value
        if kind != _ARRAY:
            raise ValueError(f"a value is of the unknown type {kind}")
        kind, count = self.number("I"), self.number("Q")
        if kind in _SCALARS:
            self.skip(count * struct.calcsize(f"<{_SCALARS[kind]}"))
        elif kind == _STRING:
            if count > self.length // 8:
                raise ValueError(f"an array announces {count} texts")
            for _ in range(count):
                self.skip(self.number("Q"))
        else:
            raise ValueError(f"an array is of the unknown type {kind}")
        return None


def _header(reader: _Reader) -> Header:
    if reader.data[:4] != b"GGUF":
        raise ValueError("it does not start with the letters GGUF")
    reader.skip(4)
    version, tensors, keys = reader.number("I"), reader.number("Q"), reader.number("Q")
    if version not in (2, 3):
        raise ValueError(f"its version is {version}, readable are 2 and 3")
    if max(tensors, keys) > reader.length // 8:
        raise ValueError(f"it announces {tensors} tensors and {keys} keys in {reader.length} bytes")
    metadata: dict[str, int | float | str] = {}
    for _ in range(keys):
        key = reader.text()
        value = reader.value()
        if value is not None:
            metadata[key] = value
    ends = [_tensor_end(reader) for _ in range(tensors)]
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise ValueError(f"its alignment is {alignment}")
    start = -(-reader.at // alignment) * alignment
    if ends and start + max(ends) > reader.length:
        raise ValueError(f"its tensors need {start + max(ends)} bytes, it has {reader.length}")
    return Header(metadata, tensors)


def _tensor_end(reader: _Reader) -> int:
    """Read the description of a tensor and return where it ends, in bytes from the start of the tensors."""
    name = reader.text()
    dimensions = reader.number("I")
    if dimensions > 4:
        raise ValueError(f"the tensor {name!r} has {dimensions} dimensions")
    values = prod(reader.number("Q") for _ in range(dimensions))
    kind, offset = reader.number("I"), reader.number("Q")
    block, size = BLOCKS.get(kind, (1, 0))  # a newer type: where it starts is checked, where it ends is llama.cpp's
    return offset + -(-values // block) * size
