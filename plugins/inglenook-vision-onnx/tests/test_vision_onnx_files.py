"""Model files that are somebody else's: read without being run, and believed in nothing."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assistant_vision_onnx.checkpoint import read_checkpoint
from assistant_vision_onnx.efficientnet import WEIGHTS
from assistant_vision_onnx.session import Graph, Session
from assistant_vision_onnx.tfjs import read_graph_model

from assistant import ModelError
from assistant.testing import model_path

HEADER = (
    b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # PyTorch's magic number
    b"\x80\x02M\xe9\x03."  # version 1001
    b"\x80\x02}(X\x0d\x00\x00\x00little_endian\x88u."
)


def checkpoint(tmp_path: Path, tensors: bytes, rest: bytes = b"") -> Path:
    file = tmp_path / "weights.pth"
    file.write_bytes(HEADER + tensors + rest)
    return file


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def tensor(shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, size: int = 6) -> bytes:
    """Return the pickle of a mapping with one tensor, as PyTorch writes it."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("1") + text("cpu") + number(size) + b"NtQ"
    sizes = b"(" + b"".join(map(number, shape)) + b"t(" + b"".join(map(number, strides)) + b"t"
    empty = b"ccollections\nOrderedDict\n)R"
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + sizes + b"\x89" + empty + b"tR"
    return b"\x80\x02" + empty + text("w") + made + b"s."


NUMBERS = np.arange(6, dtype="<f4")
KEYS = b"\x80\x02](" + text("1") + b"e."
STORED = KEYS + (6).to_bytes(8, "little") + NUMBERS.tobytes()


def test_tensors_are_read(tmp_path: Path) -> None:
    assert read_checkpoint(checkpoint(tmp_path, tensor((2, 3), (3, 1)), STORED))["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    turned = read_checkpoint(checkpoint(tmp_path, tensor((3, 2), (1, 3)), STORED))["w"]
    assert turned.tolist() == [[0, 3], [1, 4], [2, 5]]
    part = read_checkpoint(checkpoint(tmp_path, tensor((2,), (1,), offset=4), STORED))["w"]
    assert part.tolist() == [4, 5]


HOSTILE = {
    "a command": b"\x80\x02cos\nsystem\n" + text("touch PLACE") + b"\x85R.",
    "a command in a protocol of today": b"\x80\x04" + b"\x8c\x02os\x8c\x06system\x93" + text("touch PLACE") + b"\x85R.",
    "an object": b"\x80\x02cbuiltins\nobject\n)\x81.",
    "an instance": b"\x80\x02(ios\nsystem\n.",
    "an attribute": b"\x80\x02cbuiltins\nstr\n}b.",
    "another storage": tensor((2, 3), (3, 1)).replace(b"FloatStorage", b"EvilStorage"),
    "beyond the end": tensor((2, 3), (3, 1), offset=4),
    "before the start": tensor((2, 3), (3, 1), offset=-1),
    "of negative size": tensor((-2, -3), (3, 1)),
    "overlapping": tensor((3, 3), (1, 1)),
    "an empty stack": b"\x80\x02R.",
    "no mark": b"\x80\x02t.",
    "no end": tensor((2, 3), (3, 1))[:-1],
    "forgotten memory": b"\x80\x02h\x09.",
    "a mapping of odd length": b"\x80\x02}(" + text("a") + b"u.",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_program_is_refused_and_not_run(case: str, tmp_path: Path) -> None:
    place = tmp_path / "touched"
    with pytest.raises(ModelError, match="not a usable checkpoint"):
        read_checkpoint(checkpoint(tmp_path, HOSTILE[case].replace(b"PLACE", str(place).encode()), STORED))
    assert not place.exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04" + bytes(30), HEADER, b"\x80\x02" + b"(" * (1 << 21) + b"."])
def test_what_is_no_checkpoint_is_told(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(data)
    with pytest.raises(ModelError, match="not a usable checkpoint"):
        read_checkpoint(file)


def test_noise_in_the_real_one_is_told_or_harmless(tmp_path: Path) -> None:
    whole = (Path(model_path("efficientnet-lite0")) / WEIGHTS).read_bytes()
    dice, file = random.Random(5), tmp_path / "weights.pth"
    for _ in range(30):
        noise = bytearray(whole)
        for _ in range(3):
            noise[dice.randrange(47_000)] = dice.randrange(256)  # where the instructions are
        file.write_bytes(noise)
        try:
            assert len(read_checkpoint(file)) > 100
        except ModelError:
            continue


def test_cuts_of_the_real_one_are_told(tmp_path: Path) -> None:
    whole, file = (Path(model_path("efficientnet-lite0")) / WEIGHTS).read_bytes(), tmp_path / "weights.pth"
    for length in (100, 20_000, 48_000, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="not a usable checkpoint"):
            read_checkpoint(file)


OUTPUT = ("activation_10",)


def changed(tmp_path: Path, change: Any) -> Path:
    """Copy the real selfie model with a changed description."""
    source = Path(model_path("selfie-segmentation"))
    shutil.copy(source.with_suffix(".bin"), tmp_path)
    described = json.loads(source.read_text())
    change(described)
    (tmp_path / "selfie.json").write_text(json.dumps(described))
    return tmp_path / "selfie.json"


def weights(described: Any) -> Any:
    return described["weightsManifest"][0]["weights"]


BROKEN = {
    "an unknown operator": lambda d: d["modelTopology"]["node"][200].update(op="Print"),
    "a path": lambda d: d["weightsManifest"][0].update(paths=["../selfie.bin"]),
    "a hidden path": lambda d: d["weightsManifest"][0].update(paths=["..", "selfie.bin"]),
    "no weights": lambda d: d["weightsManifest"][0].update(paths=[]),
    "a huge weight": lambda d: weights(d)[0].update(shape=[1 << 40]),
    "a weight of another type": lambda d: weights(d)[0].update(dtype="string", quantization={"dtype": "string"}),
    "no topology": lambda d: d.pop("modelTopology"),
    "an input that is not there": lambda d: d["modelTopology"]["node"][-1].update(input=["nobody"]),
    "a list": lambda d: d.update(modelTopology=[]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_description_is_told(case: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        read_graph_model(changed(tmp_path, BROKEN[case]), OUTPUT)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"7"])
def test_what_is_no_description_is_told(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_bytes(data)
    with pytest.raises(ModelError, match="not a usable graph model"):
        read_graph_model(file, OUTPUT)


def test_a_missing_binary_file_is_named(tmp_path: Path) -> None:
    shutil.copy(model_path("selfie-segmentation"), tmp_path)
    with pytest.raises(ModelError, match=r"selfie\.bin: No such file"):
        read_graph_model(tmp_path / "selfie.json", OUTPUT)


def test_the_conversion_computes_what_tensorflow_would(tmp_path: Path) -> None:
    """A graph of one convolution of every kind, against the definition of it."""
    dice = np.random.default_rng(1)
    filters, image = dice.normal(size=(3, 3, 4, 5)), dice.normal(size=(1, 8, 8, 4))
    transposed = dice.normal(size=(2, 2, 3, 5))
    stored = {"f": filters, "t": transposed}
    window = {
        "strides": {"list": {"i": ["1", "2", "2", "1"]}},
        "data_format": {"s": "TkhXQw=="},
        "padding": {"s": "U0FNRQ=="},
    }
    nodes: list[dict[str, Any]] = [
        {"name": "up", "op": "Conv2DBackpropInput", "input": ["n", "t", "c"], "attr": window},  # not in order
        {"name": "x", "op": "Placeholder", "attr": {"shape": {"shape": {"dim": [{"size": n} for n in "1884"]}}}},
        *({"name": name, "op": "Const"} for name in "ftn"),
        {"name": "c", "op": "Conv2D", "input": ["x", "f"], "attr": window},
    ]
    listed = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in stored.items()]
    described = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [
            {"paths": ["m.bin"], "weights": [*listed, {"name": "n", "shape": [4], "dtype": "int32"}]},
        ],
    }
    size = np.array([1, 8, 8, 3], np.int32).tobytes()
    data = b"".join(value.astype("<f4").tobytes() for value in stored.values()) + size
    (tmp_path / "m.bin").write_bytes(data)
    (tmp_path / "m.json").write_text(json.dumps(described))
    convolved, restored = Session(read_graph_model(tmp_path / "m.json", ["c", "up"]), 1)(image.astype(np.float32))

    padded = np.pad(image, ((0, 0), (0, 1), (0, 1), (0, 0)))  # SAME: what is missing is added at the end
    for row, column in np.ndindex(4, 4):
        patch = padded[0, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        assert convolved[0, row, column] == pytest.approx(np.einsum("hwi,hwio->o", patch, filters), abs=1e-4)
        spread = np.einsum("hwoi,i->hwo", transposed, convolved[0, row, column])
        assert restored[0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] == pytest.approx(spread, abs=1e-4)


def test_a_graph_whose_parts_do_not_fit_is_told() -> None:
    graph = Graph("broken")
    left = graph.add("MatMul", graph.input("x", (2, 3)), graph.constant(np.zeros((4, 5), np.float32)))
    with pytest.raises(ModelError, match="cannot be used"):
        Session(graph.model([left]), 1)
