"""Read the tensors of a PyTorch checkpoint without running it.

Such a file (the form that was written until PyTorch 1.5) is five pickles, then the numbers. A pickle is a program; here
nothing of it is run: its instructions are read one by one (`pickletools`), those that make names, numbers, tuples and
mappings are followed, three well-known calls are taken for what they describe, and everything else is refused.
"""

import math
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from assistant import ModelError

__all__ = ["read_checkpoint"]

_Array = npt.NDArray[Any]

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES: dict[str, np.dtype[Any]] = {"torch FloatStorage": np.dtype("<f4"), "torch LongStorage": np.dtype("<i8")}
_MOST = 1 << 20
"""Instructions that are followed."""
_MARK = object()


@dataclass(frozen=True, slots=True)
class _Global:
    """A name that the program asks for; it stays a name."""

    name: str
    """Module and name, with a space between them."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """Numbers in a row, further down in the file."""

    key: str
    """What they are called there."""
    dtype: np.dtype[Any]
    """What they are."""
    size: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view of a storage."""

    storage: _Storage
    """The numbers."""
    offset: int
    """Where the view begins."""
    shape: tuple[int, ...]
    """Its size in each direction."""
    strides: tuple[int, ...]
    """Steps from one to the next in each direction."""


def read_checkpoint(path: Path) -> dict[str, _Array]:
    """Return the tensors of the checkpoint in *path* by name.

    Raises ModelError where the file is missing or damaged, or asks for anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}", hint="try: assistant models pull") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path}: not a usable checkpoint: {error}", hint="use the catalogue's model efficientnet-lite0"
        ) from error


def _read(file: BinaryIO) -> dict[str, _Array]:
    if _followed(file) != _MAGIC:
        raise ValueError("it does not begin as one")
    if _followed(file) != 1001 or not _followed(file)["little_endian"]:
        raise ValueError("its version or byte order is another one")
    tensors, keys = _followed(file), _followed(file)
    storages = {t.storage.key: t.storage for t in tensors.values() if isinstance(t, _Tensor)}
    numbers = {}
    for key in keys:
        storage, size = storages[key], int.from_bytes(file.read(8), "little")
        data = file.read(size * storage.dtype.itemsize) if size == storage.size else b""
        if len(data) != size * storage.dtype.itemsize:
            raise ValueError("it ends too early")
        numbers[key] = np.frombuffer(data, storage.dtype)
    return {str(name): _view(numbers[tensor.storage.key], tensor) for name, tensor in tensors.items()}


def _view(numbers: _Array, tensor: _Tensor) -> _Array:
    size = math.prod(tensor.shape)
    plain = tuple(math.prod(tensor.shape[n + 1 :]) for n in range(len(tensor.shape)))
    if min(tensor.offset, *tensor.shape, 0) < 0 or tensor.offset + size > numbers.size:
        raise ValueError("a tensor reaches beyond its numbers")
    if tensor.strides == plain:
        return numbers[tensor.offset : tensor.offset + size].reshape(tensor.shape)
    order = sorted(range(len(tensor.shape)), key=lambda n: -tensor.strides[n])  # the same numbers in another order
    stored = tuple(tensor.shape[n] for n in order)
    if tuple(tensor.strides[n] for n in order) != tuple(math.prod(stored[n + 1 :]) for n in range(len(stored))):
        raise ValueError("a tensor overlaps itself")
    whole = numbers[tensor.offset : tensor.offset + size].reshape(stored)
    return whole.transpose(np.argsort(order))


def _followed(file: BinaryIO) -> Any:
    """Return what the next pickle in *file* describes."""
    stack: list[Any] = []
    memory: dict[Any, Any] = {}
    for count, (instruction, argument, _) in enumerate(pickletools.genops(file)):
        if count > _MOST:
            raise ValueError("it is too long")
        if instruction.name == "STOP":
            break
        _follow(instruction.name, argument, stack, memory)
    return stack.pop()


def _follow(name: str, argument: Any, stack: list[Any], memory: dict[Any, Any]) -> None:
    match name:
        case "PROTO":
            pass
        case "BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1":
            stack.append(argument)
        case "NONE" | "NEWTRUE" | "NEWFALSE":
            stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
        case "GLOBAL":
            stack.append(_Global(argument))
        case "MARK":
            stack.append(_MARK)
        case "EMPTY_TUPLE" | "EMPTY_LIST" | "EMPTY_DICT":
            stack.append({"EMPTY_TUPLE": (), "EMPTY_LIST": [], "EMPTY_DICT": {}}[name])
        case "TUPLE1" | "TUPLE2":
            stack.append(tuple(_taken(stack, int(name[-1]))))
        case "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        case "APPENDS":
            items = _since_mark(stack)
            stack[-1].extend(items)
        case "SETITEM" | "SETITEMS":
            items = _since_mark(stack) if name == "SETITEMS" else _taken(stack, 2)
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        case "BINPUT" | "LONG_BINPUT":
            memory[argument] = stack[-1]
        case "BINGET" | "LONG_BINGET":
            stack.append(memory[argument])
        case "BINPERSID":
            stack.append(_storage(stack.pop()))
        case "REDUCE":
            called, arguments = _taken(stack, 2)
            stack.append(_described(called, arguments))
        case "BUILD":  # what PyTorch notes about a mapping of tensors
            if not isinstance(_taken(stack, 1)[0], dict) or not isinstance(stack[-1], dict):
                raise ValueError("it builds something else than tensors")
        case _:
            raise ValueError(f"it holds the instruction {name}")


def _taken(stack: list[Any], count: int) -> list[Any]:
    taken = stack[-count:]
    if len(taken) != count:
        raise ValueError("it takes more than it has put down")
    del stack[-count:]
    return taken


def _since_mark(stack: list[Any]) -> list[Any]:
    at = len(stack) - 1 - next(n for n, item in enumerate([*reversed(stack), _MARK]) if item is _MARK)
    if at < 0:
        raise ValueError("it takes more than it has put down")
    return _taken(stack, len(stack) - at)[1:]


def _storage(described: Any) -> _Storage:
    kind, storage, key, _, size, _ = described
    if kind != "storage" or not isinstance(storage, _Global):
        raise ValueError("it refers to something else than numbers")
    return _Storage(str(key), _STORAGES[storage.name], int(size))


def _described(called: Any, arguments: Any) -> Any:
    """Return what a call would make: an empty mapping, or a tensor."""
    match called, arguments:
        case _Global("collections OrderedDict"), ():
            return {}
        case _Global("torch._utils _rebuild_tensor_v2"), (_Storage() as storage, offset, shape, strides, *_):
            return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
        case _:
            raise ValueError(f"it calls {called}")
