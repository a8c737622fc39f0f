"""A loaded model of sentences: tokens in, vectors out. Everything is for the one thread that owns it.

The way is that of llama.cpp's own example (`examples/embedding`): texts lie side by side in one batch, each a sequence.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from assistant import EngineError, ModelError, usable_cores
from assistant_llama_cpp.config import LlamaEmbedConfig
from assistant_llama_cpp.cpu import Others
from assistant_llama_cpp.native import anywhere, load_model, unusable
from assistant_llama_cpp.vocabulary import Vocabulary

__all__ = ["SEQUENCES", "Encoder", "loaded_encoder"]

SEQUENCES = 32
"""Texts in one batch."""
_LITTLE = 1_500_000_000
"""Parameters times tokens of a step that one thread does: with several, they would mostly wait for each other. It is a
sentence of ten tokens with 135 million parameters, or one of sixty with MiniLM's 22 million."""
_LOOKS = 2
"""Batches in a row at which others must be at work to count."""
_CHARACTERS = 64
"""Characters that are read for each token that counts: a book is not cut into tokens for its first page."""

_POOLING = {
    "auto": llama_cpp.LLAMA_POOLING_TYPE_UNSPECIFIED,
    "mean": llama_cpp.LLAMA_POOLING_TYPE_MEAN,
    "cls": llama_cpp.LLAMA_POOLING_TYPE_CLS,
    "last": llama_cpp.LLAMA_POOLING_TYPE_LAST,
}


@contextmanager
def loaded_encoder(config: LlamaEmbedConfig) -> Iterator["Encoder"]:
    """Check the file, load it, make a context; free both at the end. Raises ModelError for a file without use."""
    path = Path(config.model)
    (model, context), _ = anywhere(config, lambda gpu_layers: _load(config, path, gpu_layers))
    try:
        _check_pooling(path, context)
        with closing(Encoder(config, model, context)) as encoder:
            encoder.vectors([encoder.tokens("")])  # touch all weights now, not in the first call
            yield encoder
    finally:
        llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(model)


def _load(config: LlamaEmbedConfig, path: Path, gpu_layers: int) -> tuple[Any, Any]:
    """Return the model and a context; raises ModelError, and frees what was made, where there cannot be both."""
    model = load_model(path, gpu_layers)
    try:
        if llama_cpp.llama_model_has_encoder(model) and llama_cpp.llama_model_has_decoder(model):
            raise ModelError(f"{path} is a model that translates", hint="give a GGUF file of an embedding model")
        context = llama_cpp.llama_init_from_model(model, _context_params(config, model))
        if not context:
            raise unusable(path, "lower `context` or `gpu_layers`: there may not be enough memory")
    except BaseException:
        llama_cpp.llama_model_free(model)
        raise
    return model, context


def _context_params(config: LlamaEmbedConfig, model: Any) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = _longest(config, model)  # a text is not pooled in parts
    params.n_seq_max = SEQUENCES
    params.kv_unified = True  # one pool of cells: sequences may be of any length
    params.embeddings = True
    params.pooling_type = _POOLING[config.pooling]
    params.n_threads = params.n_threads_batch = config.threads or usable_cores()
    params.no_perf = True
    return params


def _longest(config: LlamaEmbedConfig, model: Any) -> int:
    """Return the most tokens of a text: many models have no position beyond those that they were trained with."""
    return min(config.context, llama_cpp.llama_model_n_ctx_train(model) or config.context)


def _check_pooling(path: Path, context: Any) -> None:
    """Raise ModelError where nothing says what the vector of a text is."""
    pooling = llama_cpp.llama_pooling_type(context)
    if pooling == llama_cpp.LLAMA_POOLING_TYPE_NONE:
        raise ModelError(
            f"{path} does not say how the vector of a text is made: it may be no embedding model",
            hint="give an embedding model, or say how by `pooling` (of a chat model: last, or mean)",
        )
    if pooling == llama_cpp.LLAMA_POOLING_TYPE_RANK:
        raise ModelError(f"{path} is a model that ranks answers", hint="give a GGUF file of an embedding model")


class Encoder:
    """A model of sentences, its vocabulary, and one context."""

    def __init__(self, config: LlamaEmbedConfig, model: Any, context: Any) -> None:
        self.longest = _longest(config, model)
        """Tokens of a text that count, and of all texts of a batch."""
        self._context = context
        self._memory = llama_cpp.llama_get_memory(context)
        self._step = llama_cpp.llama_encode if llama_cpp.llama_model_has_encoder(model) else llama_cpp.llama_decode
        self._size = llama_cpp.llama_model_n_embd_out(model)
        self._parameters = llama_cpp.llama_model_n_params(model)
        self._cores = usable_cores()
        self._others = None if config.threads else Others()
        self._vocabulary = Vocabulary(model)
        vocabulary = self._vocabulary.pointer
        ends = llama_cpp.llama_vocab_eos(vocabulary), llama_cpp.llama_vocab_sep(vocabulary)
        self._ends = {token for token in ends if token >= 0}
        self._alone = max(0, llama_cpp.llama_vocab_bos(vocabulary), *ends)
        self._batch = llama_cpp.llama_batch_init(self.longest, 0, 1)

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text, as many as count, its end token kept. Texts of control tokens are text."""
        tokens = self._vocabulary.tokens(text[: self.longest * _CHARACTERS], framed=True)
        if len(tokens) > self.longest:
            end = tokens[-1:] if tokens[-1] in self._ends else []
            tokens = tokens[: self.longest - len(end)] + end
        return tokens or [self._alone]  # a model may want nothing around an empty text, and cannot read nothing

    def fits(self, text: str) -> bool:
        """Tell whether all of a text counts."""
        if len(text) > self.longest * _CHARACTERS:
            return False
        return len(self._vocabulary.tokens(text, framed=True)) <= self.longest

    def vectors(self, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return a vector of unit length for each text of a batch: up to `SEQUENCES`, with up to `longest` tokens.

        Raises EngineError where llama.cpp fails.
        """
        self._load(texts)
        if self._others:
            threads = min(self._useful(self._batch.n_tokens), self._others.free(_LOOKS))
            llama_cpp.llama_set_n_threads(self._context, threads, threads)
        if self._memory:
            llama_cpp.llama_memory_clear(self._memory, False)
        if code := self._step(self._context, self._batch):
            raise EngineError(f"llama.cpp could not place {len(texts)} texts: {code}", hint="the log has the details")
        return [self._vector(sequence) for sequence in range(len(texts))]

    def close(self) -> None:
        """Free the batch."""
        llama_cpp.llama_batch_free(self._batch)
        if self._others:
            self._others.close()

    def _load(self, texts: Sequence[Sequence[int]]) -> None:
        batch, n = self._batch, 0
        for sequence, tokens in enumerate(texts):
            for position, token in enumerate(tokens):
                batch.token[n] = token
                batch.pos[n] = position
                batch.n_seq_id[n] = 1
                batch.seq_id[n][0] = sequence
                batch.logits[n] = True
                n += 1
        batch.n_tokens = n

    def _useful(self, tokens: int) -> int:
        """Return the threads that a step has at most: one for little work."""
        return 1 if self._parameters * tokens <= _LITTLE else self._cores

    def _vector(self, sequence: int) -> list[float]:
        pointer = llama_cpp.llama_get_embeddings_seq(self._context, sequence)
        values = np.ctypeslib.as_array(pointer, (self._size,)).astype(np.float64)
        length = float(np.linalg.norm(values))
        if not 0 < length < np.inf:
            raise EngineError(
                "the model's vector of a text has no direction",
                hint="is the file damaged, or `pooling` another than it was trained with?",
            )
        vector: list[float] = (values / length).tolist()
        return vector
