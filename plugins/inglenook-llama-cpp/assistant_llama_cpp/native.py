"""A loaded model and its KV cache. Everything but the vocabulary is for the one thread that owns it."""

import ctypes
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from assistant import EngineUnavailable, ModelError, UnfitRequest, usable_cores
from assistant_llama_cpp.calls import MARKS
from assistant_llama_cpp.config import LlamaConfig, LlamaEmbedConfig
from assistant_llama_cpp.cpu import Others
from assistant_llama_cpp.gguf import read_header
from assistant_llama_cpp.gpu import layers
from assistant_llama_cpp.vocabulary import Vocabulary

if TYPE_CHECKING:
    from assistant_llama_cpp.eyes import Eyes, Piece

__all__ = ["Entry", "Model", "anywhere", "load_model", "loaded", "settings", "unusable"]

log = logging.getLogger(__name__)
T = TypeVar("T")

Entry = tuple[int, int, int, bool]
"""One token of a batch: the token, its position, its sequence, whether its logits are wanted."""

_SMALL = 500_000_000
"""Parameters below which a step has one thread more than tokens at most: the work of each is so short that they would
mostly wait for each other. What the second is worth depends on the machine: with 135 million, one thread takes 7.2 ms
for a token and two 6.4 on one processor, 11.4 and 7.3 on another. Where a third thread wants one of two cores for that
time, they take 16 and 21."""

_ALONE, _TOGETHER = 2, 4
"""Looks in a row at which others must be at work to count (`Others`), in steps of one token and of several: in these,
those who send and read what several replies say want a core now and then."""

_GLANCE = 512
"""Tokens of a step where a model sees: some models must read all of an image at once."""

_complaints: deque[str] = deque(maxlen=8)
_line = ""


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
def _log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Pass llama.cpp's own log on to ours, whole lines at level debug, and remember its errors."""
    global _line
    _line += text.decode("utf-8", "replace")
    if not _line.endswith("\n"):
        return
    line, _line = _line.rstrip(), ""
    if level == 4:  # GGML_LOG_LEVEL_ERROR
        _complaints.append(line)
    if line:
        log.debug("%s", line)


@contextmanager
def loaded(config: LlamaConfig) -> Iterator["Model"]:
    """Check the file, load it, make a context; free both at the end. Raises ModelError for a file without use."""
    path = Path(config.model)
    (model, context), on_gpu = anywhere(config, lambda gpu_layers: _load(config, path, gpu_layers))
    try:
        with _eyes(config, model, on_gpu) as eyes:
            yield Model(config, model, context, eyes)
    finally:
        llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(model)


def anywhere(config: LlamaConfig | LlamaEmbedConfig, load: Callable[[int], T]) -> tuple[T, bool]:
    """Check the file, have it loaded with its layers on the GPU, and tell whether this has any of it.

    Where it fails there, the processor does all the work. Raises ModelError for a file without use.
    """
    read_header(Path(config.model))
    llama_cpp.llama_log_set(_log, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    if gpu_layers := layers(config):
        try:
            return load(gpu_layers), True
        except ModelError as error:
            log.warning("%s on the GPU (%s); the processor does the work", error, error.hint)
    return load(0), False


def load_model(path: Path, gpu_layers: int, memory_map: bool = True) -> Any:
    """Return the model; raises ModelError where llama.cpp refuses it."""
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP if memory_map else llama_cpp.LLAMA_LOAD_MODE_NONE
    _complaints.clear()
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise unusable(path, "the file is damaged, or too new for the llama-cpp-python that is installed")
    return model


def _load(config: LlamaConfig, path: Path, gpu_layers: int) -> tuple[Any, Any]:
    """Return the model and a context; raises ModelError, and frees what was made, where there cannot be both."""
    model = load_model(path, gpu_layers, config.memory_map)
    try:
        if not llama_cpp.llama_model_has_decoder(model) or llama_cpp.llama_model_has_encoder(model):
            raise ModelError(f"{path} is no chat model", hint="give a GGUF file of a model that writes text")
        context = llama_cpp.llama_init_from_model(model, _context_params(config, model))
        if not context:
            raise unusable(path, "lower `context` or `gpu_layers`: there may not be enough memory")
        if not llama_cpp.llama_get_memory(context):
            llama_cpp.llama_free(context)
            raise ModelError(f"{path} is no chat model", hint="an embedding model is for the engine llama-cpp-embed")
    except BaseException:
        llama_cpp.llama_model_free(model)
        raise
    return model, context


def _eyes(config: LlamaConfig, model: Any, on_gpu: bool) -> "AbstractContextManager[Eyes | None]":
    if config.projector is None:
        return nullcontext()
    try:
        from assistant_llama_cpp.eyes import opened_eyes  # its library is loaded for models that see only
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(
            f"llama-cpp-python was built without its multimodal library: {error}",
            hint="build it with LLAVA_BUILD=ON, or leave out `projector`",
        ) from error
    threads = config.threads or usable_cores()
    return opened_eyes(Path(config.projector), model, threads, on_gpu, _log)


def _batch(config: LlamaConfig) -> int:
    """Return the most tokens that llama.cpp may be given in one step."""
    return max(config.batch + config.slots, _GLANCE if config.projector else 0)


def unusable(path: Path, hint: str) -> ModelError:
    """Return the error for a file that llama.cpp refuses, with its reasons."""
    reason = "; ".join(_complaints)[:400] or "llama.cpp gives no reason"
    return ModelError(f"{path} cannot be loaded: {reason}", hint=hint)


def _context_params(config: LlamaConfig, model: Any) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = config.context
    params.n_batch = params.n_ubatch = _batch(config)  # a longer batch would end the process
    params.n_seq_max = config.slots + config.conversations
    params.n_threads = params.n_threads_batch = config.threads or usable_cores()
    params.kv_unified = True  # one pool of cells: sequences may be of any length and share a prefix
    params.no_perf = True
    return params


def settings(config: LlamaConfig) -> tuple[object, ...]:
    """Return what the content of a KV cache depends on beside the model and the tokens."""
    return (
        llama_cpp.__version__,
        llama_cpp.llama_print_system_info(),
        (
            config.context,
            config.slots + config.conversations,
            config.gpu_layers,
            llama_cpp.llama_supports_gpu_offload(),
        ),
    )


class Model:
    """A model, its vocabulary, and one context with many sequences."""

    def __init__(self, config: LlamaConfig, model: Any, context: Any, eyes: "Eyes | None" = None) -> None:
        self.eyes = eyes
        """What turns images into tokens; None where the model reads text only."""
        self._context = context
        self._most = _batch(config)
        self._memory = llama_cpp.llama_get_memory(context)
        self._small = bool(llama_cpp.llama_model_n_params(model) < _SMALL)
        self._most_threads = self._threads = config.threads or usable_cores()
        self._others = None if config.threads else Others()
        self._batch = batch = llama_cpp.llama_batch_init(config.batch + config.slots, 0, 1)
        self._columns = batch.token, batch.pos, batch.n_seq_id, batch.seq_id, batch.logits  # each look-up makes one
        self.vocabulary = Vocabulary(model, shown=MARKS)
        self._row = ctypes.c_float * self.vocabulary.size
        self.longest = min(config.context, llama_cpp.llama_model_n_ctx_train(model) or config.context)
        """Tokens that one conversation may have."""
        self.divisible = not (llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model))
        """Whether a sequence can be cut anywhere."""
        self.template = (llama_cpp.llama_model_chat_template(model, None) or b"").decode("utf-8", "replace")
        """The chat template that came with the model; empty if none did."""
        self.load([(0, 0, 0, True)])
        self.decode()  # touch all weights now, not in the first reply
        self.clear(0)

    def load(self, entries: Sequence[Entry], *, aloud: bool = False) -> None:
        """Make the batch that `decode` reads; *aloud* tells whether some of it is for a voice."""
        self._batch.n_tokens = tokens = len(entries)
        if self._others:
            threads = min(self._useful(tokens, aloud), self._others.free(_ALONE if tokens == 1 else _TOGETHER))
            if threads != self._threads:
                self._threads = threads
                llama_cpp.llama_set_n_threads(self._context, threads, threads)
        token, position, sequences, sequence, wanted = self._columns
        for n, entry in enumerate(entries):
            token[n], position[n], sequence[n][0], wanted[n] = entry
            sequences[n] = 1

    def decode(self) -> int:
        """Read the batch and return llama.cpp's code: 0 done, 1 no room in the cache, below 0 failed."""
        return int(llama_cpp.llama_decode(self._context, self._batch))

    def _useful(self, tokens: int, aloud: bool) -> int:
        """Return the threads that a step has at most, where nobody else uses a core.

        What is said aloud is spoken while it is written, and whoever speaks wants a core time and again: a single token
        has one thread there.

        llama.cpp divides the attention of a single token among them, so its last digits depend on their number: the
        reply to the same question is only always the same where the configuration says how many there are.
        """
        if not self._small:
            return self._most_threads
        return min(self._most_threads, 1 if aloud and tokens == 1 else tokens + 1)

    def look(self, piece: "Piece", position: int, sequence: int) -> int:
        """Read a piece of an image, as `decode` does tokens; raises UnfitRequest for one that is too large."""
        assert self.eyes
        if not self.eyes.fits(piece, self._most):
            raise UnfitRequest(
                f"the model reads an image of {piece.cells} tokens at once, and {self._most} are a step",
                hint="raise `batch` in the model's configuration",
            )
        return self.eyes.read(piece, self._context, sequence, position, self._most)

    def sample(self, chain: Any, entry: int) -> int:
        """Draw the token after *entry* of the last batch by a sampler chain, and accept it there."""
        return int(llama_cpp.llama_sampler_sample(chain, self._context, entry))

    def logits(self, entry: int) -> NDArray[np.float32]:
        """Return the logits after *entry* of the last batch, valid until the next."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, entry)
        return np.frombuffer(self._row.from_address(ctypes.addressof(pointer.contents)), np.float32)

    def cut(self, sequence: int, length: int) -> bool:
        """Forget what a sequence holds from position *length* on; False if the model's state cannot be cut there."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1))

    def clear(self, sequence: int) -> None:
        """Forget all that a sequence holds."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def copy(self, source: int, target: int, length: int) -> None:
        """Give *target* the first *length* positions of *source*; the cells are shared, nothing is computed."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length if self.divisible else -1)

    def state_size(self, sequence: int) -> int:
        """Return the bytes of `state`."""
        return int(llama_cpp.llama_state_seq_get_size(self._context, sequence))

    def state(self, sequence: int) -> bytes:
        """Return what a sequence holds, for `restore`; empty where llama.cpp fails to write it."""
        size = self.state_size(sequence)
        data = np.empty(size, np.uint8)
        return data[: llama_cpp.llama_state_seq_get_data(self._context, _bytes(data), size, sequence)].tobytes()

    def restore(self, sequence: int, state: bytes) -> bool:
        """Let a sequence hold *state* and nothing else; False, and it holds nothing, where llama.cpp refuses.

        The state must come from `state`, of the same model and `settings`: llama.cpp does not check all of it.
        """
        data = np.frombuffer(state, np.uint8)
        if llama_cpp.llama_state_seq_set_data(self._context, _bytes(data), data.size, sequence) == data.size:
            return True
        self.clear(sequence)
        return False

    def close(self) -> None:
        """Free the batch."""
        llama_cpp.llama_batch_free(self._batch)
        if self._others:
            self._others.close()


def _bytes(data: NDArray[np.uint8]) -> Any:
    return data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
