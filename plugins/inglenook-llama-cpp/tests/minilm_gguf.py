"""A small model of sentences as a GGUF file: MiniLM's real weights, taken out of its ONNX file.

No package registry carries a GGUF file of such a model. The names are those of llama.cpp's own converter
(`conversion/bert.py`); the weights are those that ONNX Runtime computes with, int8 times their scale, here at 16 bits.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from gguf import GGUFWriter, PoolingType, TokenType
from numpy.typing import NDArray
from onnx import numpy_helper

__all__ = ["WIDTH", "write_minilm"]

WIDTH, LAYERS, HEADS, HIDDEN, LONGEST = 384, 6, 12, 1536, 512
TABLES = {
    "word_embeddings": "token_embd",
    "position_embeddings": "position_embd",
    "token_type_embeddings": "token_types",
}
EXACT = {"position_embd.weight", "token_types.weight"}
"""Tables that llama.cpp adds to others, and takes at 32 bits only."""
PARTS = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
"""Names of the parts of a layer, as PyTorch's and llama.cpp's."""


def write_minilm(source: Path, path: Path, pooling: PoolingType | None = PoolingType.MEAN) -> Path:
    """Write the model in the folder *source* to *path*; without *pooling* it does not say how vectors are made."""
    writer = GGUFWriter(path, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(LONGEST)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    if pooling is not None:
        writer.add_pooling_type(pooling)
    _add_words(writer, json.loads((source / "tokenizer.json").read_text("utf-8")))
    for name, values in _tensors(source / "model.onnx"):
        kind = np.float16 if values.ndim == 2 and name not in EXACT else np.float32
        writer.add_tensor(name, np.ascontiguousarray(values, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_words(writer: GGUFWriter, tokenizer: dict[str, object]) -> None:
    words: dict[str, int] = tokenizer["model"]["vocab"]  # type: ignore[index]
    control = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    in_order = sorted(words, key=words.__getitem__)
    writer.add_token_type_count(2)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([word if word in control else _with_space(word) for word in in_order])
    writer.add_token_types([TokenType.CONTROL if word in control else TokenType.NORMAL for word in in_order])
    writer.add_bos_token_id(words["[CLS]"])
    writer.add_unk_token_id(words["[UNK]"])
    writer.add_sep_token_id(words["[SEP]"])
    writer.add_pad_token_id(words["[PAD]"])
    writer.add_mask_token_id(words["[MASK]"])


def _with_space(word: str) -> str:
    """Return a piece of a word as llama.cpp knows it: what begins one is marked, not what continues it."""
    return word.removeprefix("##") if word.startswith("##") else f"\u2581{word}"


def _tensors(file: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    graph = onnx.load(file).graph
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}

    def weights(name: str) -> NDArray[np.float32]:
        if (exact := values.get(name)) is not None:
            return exact
        whole: NDArray[np.float32] = values[f"{name}_q"].astype(np.float32) * values[f"{name}_scale"]
        return whole

    for name, ours in TABLES.items():
        yield f"{ours}.weight", weights(f"inner.embeddings.{name}.weight")
    for end in ("weight", "bias"):
        yield f"token_embd_norm.{end}", values[f"inner.embeddings.LayerNorm.{end}"]
    by_bias = _matrices(graph)
    for layer in range(LAYERS):
        for part, ours in PARTS.items():
            name = f"inner.encoder.layer.{layer}.{part}"
            yield f"blk.{layer}.{ours}.bias", values[f"{name}.bias"]
            norm = part.endswith("LayerNorm")
            yield f"blk.{layer}.{ours}.weight", values[f"{name}.weight"] if norm else weights(by_bias[f"{name}.bias"]).T


def _matrices(graph: onnx.GraphProto) -> dict[str, str]:
    """Return which matrix, whose name ONNX has made up, is multiplied with before each bias is added."""
    product = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    return {
        one: product[other]
        for node in graph.node
        if node.op_type == "Add"
        for one, other in (node.input, reversed(node.input))
        if one.endswith(".bias") and other in product
    }
