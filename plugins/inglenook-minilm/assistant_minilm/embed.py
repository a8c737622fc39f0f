"""The engine: sentences in, vectors out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from assistant import ModelError

__all__ = ["MiniLm"]

INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
"""What the model takes, each `[texts, tokens]`."""
LONGEST = 256
"""Tokens of a text that count: `max_seq_length` in the model's `sentence_bert_config.json`. It was trained on
128, at which its `tokenizer.json` cuts, and has places for 512."""


class MiniLm:
    """Place sentences such that those of one meaning are near each other."""

    def __init__(self, folder: Path) -> None:
        """Load the model in *folder*; raises ModelError where a file is missing or is another model."""
        model, words = folder / "model.onnx", folder / "tokenizer.json"
        for file in (model, words):
            if not file.is_file():
                raise ModelError(f"{file}: no such file", hint="try: assistant models pull")
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # a sentence is too short for a second thread to be of use
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._tokenizer = Tokenizer.from_file(str(words))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelError(f"{words}: not a tokenizer: {error}", hint="try: assistant models verify") from error
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            raise ModelError(f"{model}: not a readable ONNX model", hint="try: assistant models verify") from error
        if (found := {each.name for each in self._session.get_inputs()}) != INPUTS:
            raise ModelError(
                f"{model}: not a sentence transformer: it takes {', '.join(sorted(found))}",
                hint="use the catalogue's model all-minilm-l6-v2",
            )
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of 384 numbers and unit length for each of *texts*, whose first 256 tokens count.

        It is the mean of what the model makes of each token, as sentence-transformers does it. The texts are computed
        one by one: an int8 model scales its numbers by all it is shown at once, so that neighbours would move a vector.
        """
        return [self._vector(text) for text in texts]

    def fits(self, text: str) -> bool:
        """Tell whether *text* has no more tokens than count."""
        return not self._tokenizer.encode(text).overflowing

    def _vector(self, text: str) -> list[float]:
        tokens = np.array([self._tokenizer.encode(text).ids], np.int64)
        (states,) = self._session.run(
            None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        )
        mean = states[0].mean(axis=0)
        vector: list[float] = (mean / np.linalg.norm(mean)).tolist()
        return vector
