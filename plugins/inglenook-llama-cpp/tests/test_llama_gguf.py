import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from assistant_llama_cpp import LlamaConfig, describe_llama, open_llama, parameters
from assistant_llama_cpp.cpu import Others
from assistant_llama_cpp.gguf import BLOCKS, read_header

from assistant import ModelError


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(keys: bytes = b"", count: int = 0, tensors: bytes = b"", tensor_count: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensor_count, count) + keys + tensors


def tensor(*dimensions: int, kind: int = 0, offset: int = 0) -> bytes:
    return text("t") + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)


BROKEN = {
    "empty": b"",
    "another file": b"PK\x03\x04" + bytes(100),
    "only the letters": b"GGUF",
    "an old version": gguf(version=1),
    "of the other byte order": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "2^63 tensors": gguf(tensor_count=1 << 63) + bytes(100),
    "2^64 - 1 keys": gguf(count=(1 << 64) - 1) + bytes(100),
    "a key without end": gguf(struct.pack("<Q", 1 << 62) + b"name", 1),
    "a value without end": gguf(text("k") + struct.pack("<IQ", 8, 1 << 40), 1),
    "a value of no type": gguf(text("k") + struct.pack("<I", 99) + bytes(20), 1),
    "an array of arrays": gguf(text("k") + struct.pack("<IIQ", 9, 9, 1) + bytes(40), 1),
    "an array without end": gguf(text("k") + struct.pack("<IIQ", 9, 4, 1 << 61), 1),
    "texts without end": gguf(text("k") + struct.pack("<IIQ", 9, 8, 1 << 61), 1),
    "no alignment": gguf(text("general.alignment") + struct.pack("<II", 4, 0), 1, tensor(1), 1) + bytes(64),
    "an odd alignment": gguf(text("general.alignment") + struct.pack("<II", 4, 33), 1, tensor(1), 1) + bytes(64),
    "5 dimensions": gguf(tensors=tensor(1, 1, 1, 1, 1), tensor_count=1) + bytes(64),
    "2^32 dimensions": gguf(tensors=text("t") + struct.pack("<I", 0xFFFFFFFF), tensor_count=1) + bytes(64),
    "dimensions that overflow": gguf(tensors=tensor(1 << 32, 1 << 32, 2), tensor_count=1) + bytes(64),
    "an offset behind the end": gguf(tensors=tensor(1, offset=1 << 40), tensor_count=1) + bytes(64),
    "a newer type behind the end": gguf(tensors=tensor(1, kind=999, offset=1 << 40), tensor_count=1) + bytes(64),
    "a tensor that is cut off": gguf(tensors=tensor(64), tensor_count=1) + bytes(100),
}


@pytest.mark.parametrize("case", BROKEN)
def test_t16_a_broken_file_is_refused(case: str, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(BROKEN[case])
    with pytest.raises(ModelError, match=r"model\.gguf") as caught:
        read_header(file)
    assert caught.value.hint
    assert describe_llama(LlamaConfig(model=str(file))).memory == len(BROKEN[case])


def test_a_sound_small_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    keys = text("k") + struct.pack("<If", 6, 0.5) + text("s") + struct.pack("<I", 8) + text("é")
    file.write_bytes(gguf(keys, 2, tensor(4), 1) + bytes(64))
    header = read_header(file)
    assert (dict(header.metadata), header.tensors) == ({"k": 0.5, "s": "é"}, 1)


def test_the_real_model(model: str) -> None:
    header = read_header(Path(model))
    assert header.metadata["general.architecture"] == "llama" and header.tensors == 272
    assert header.kv_bytes(1) == 2 * 2 * 30 * 3 * 64


def test_t16_every_cut_of_the_real_model_is_refused(model: str, tmp_path: Path) -> None:
    data, file = Path(model).read_bytes(), tmp_path / "cut.gguf"
    for length in (10, 30, 1000, 500_000, 2_000_000, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:length])
        with pytest.raises(ModelError):
            read_header(file)


async def test_t16_a_cut_model_is_not_opened(model: str, tmp_path: Path) -> None:
    file = tmp_path / "cut.gguf"
    with open(model, "rb") as whole:  # noqa: ASYNC230, PTH123
        file.write_bytes(whole.read(1_000_000))
    with pytest.raises(ModelError, match=r"its tensors need|announces"):
        async with open_llama(LlamaConfig(model=str(file))):
            pass


async def test_t16_what_only_llama_cpp_can_tell_is_a_model_error_too(tmp_path: Path) -> None:
    file = tmp_path / "odd.gguf"
    file.write_bytes(
        gguf(text("general.architecture") + struct.pack("<I", 8) + text("no-such"), 1, tensor(4), 1) + bytes(64)
    )
    with pytest.raises(ModelError, match="no-such"):
        async with open_llama(LlamaConfig(model=str(file))):
            pass


async def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        async with open_llama(LlamaConfig(model=str(tmp_path / "none.gguf"))):
            pass


def test_the_sizes_of_tensor_types_are_those_of_the_library() -> None:
    import ctypes

    from llama_cpp._ggml import libggml

    libggml.ggml_blck_size.restype = ctypes.c_int64
    libggml.ggml_type_size.restype = ctypes.c_size_t
    assert {n: (libggml.ggml_blck_size(n), libggml.ggml_type_size(n)) for n in BLOCKS} == BLOCKS


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("smollm2-135m", 135),
        ("Qwen2.5-7B-Instruct-Q4_K_M", 7000),
        ("Qwen2.5-0.5B-Instruct", 500),
        ("mixtral-8x7b", 56000),
        ("gemma-3-270m-it", 270),
        ("phi-4", 0),
        ("v2.5bar", 0),
    ],
)
def test_the_rank_is_read_from_the_name(name: str, millions: int) -> None:
    assert parameters(name) == millions


def test_who_keeps_a_core_for_a_while_is_counted_and_who_looks_in_is_not(tmp_path: Path) -> None:
    load = tmp_path / "loadavg"
    load.write_text("9.85 6.53 5.57 1/301 4242\n")
    told: dict[int, list[int]] = {}
    for looks in (1, 2, 4):
        others = Others(load, every=0)
        told[looks] = []
        for running in (3, 3, 1, 3, 4, 3, 3, 2):
            load.write_text(f"9.85 6.53 5.57 {running}/301 4242\n")
            told[looks].append(others.running(looks))
        others.close()
    assert told == {1: [2, 2, 0, 2, 3, 2, 2, 1], 2: [0, 2, 0, 0, 2, 2, 2, 1], 4: [0, 0, 0, 0, 0, 0, 2, 1]}


def test_a_look_is_not_taken_at_each_token(tmp_path: Path) -> None:
    load = tmp_path / "loadavg"
    load.write_text("9.85 6.53 5.57 3/301 4242\n")
    others = Others(load, every=1000)
    assert others.running(1) == 2
    load.write_text("9.85 6.53 5.57 1/301 4242\n")
    assert others.running(1) == 2
    others.close()


@pytest.mark.parametrize("text", [None, "", "nonsense", "9.85 6.53 5.57 x/301 4242"])
def test_nobody_is_counted_where_the_system_does_not_tell(tmp_path: Path, text: str | None) -> None:
    load = tmp_path / "loadavg"
    if text is not None:
        load.write_text(text)
    others = Others(load, every=0)
    assert [others.running(1) for _ in range(5)] == [0] * 5
    others.close()


def test_this_machine_tells_who_else_is_at_work() -> None:
    others = Others()
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        wait_until = time.monotonic() + 30
        while others.running(4) < 1 and time.monotonic() < wait_until:
            time.sleep(0.01)
        assert others.running(4) >= 1
    finally:
        for loop in busy:
            loop.kill()
            loop.wait()
        others.close()
