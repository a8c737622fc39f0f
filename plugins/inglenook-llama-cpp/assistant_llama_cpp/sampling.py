"""How the next token is drawn: a sampler chain for each reply, and a grammar where one holds it."""

import ctypes
import dataclasses
import math
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from assistant import Sampling, UnfitRequest
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.grammar import Grammar
from assistant_llama_cpp.native import Model

__all__ = ["Sampler", "settled"]

_RECENT = 64
"""Tokens that the penalties look back."""
_TOO_COMPLEX = ("ParserTooComplex", "LexerTooComplex", "InternalError")
"""Why a grammar stops that is no fault of the text."""
_RANGES = {
    "temperature": (0, 5),
    "top_p": (0, 1),
    "top_k": (0, 1 << 30),
    "min_p": (0, 1),
    "repeat_penalty": (0.01, 10),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "seed": (-(1 << 63), 1 << 64),
}


def settled(sampling: Sampling, config: LlamaConfig) -> Sampling:
    """Fill in what the request leaves to the configuration; raises UnfitRequest for a value that makes no sense."""
    values = {field.name: getattr(sampling, field.name) for field in dataclasses.fields(Sampling)}
    for name, value in values.items():
        low, high = _RANGES[name]
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise UnfitRequest(f"{name} is {value}", hint=f"give a number from {low} to {high}")
    return Sampling(**{name: getattr(config, name, None) if value is None else value for name, value in values.items()})


class Sampler:
    """Draw the tokens of one reply; for the thread that owns the model."""

    def __init__(self, model: Model, sampling: Sampling, grammar: Grammar | None = None) -> None:
        self._model = model
        self._grammar = grammar.deep_copy() if grammar else None
        self._chain = _chain(sampling, model.vocabulary.size)
        self._plain = not sampling.temperature and not _penalties(sampling)

    def sample(self, entry: int) -> int | None:
        """Draw the token after *entry* of the last batch and accept it; None where the grammar admits none.

        Raises UnfitRequest where the grammar is too ambiguous to be followed further.
        """
        if self._grammar is None and self._plain:
            return int(self._model.logits(entry).argmax())  # a tenth of the time that a chain takes
        if self._grammar is None:
            return self._model.sample(self._chain, entry)
        admitted = self._admitted(self._grammar)
        if not admitted.size:
            return None
        token = _draw(self._chain, admitted, self._model.logits(entry)[admitted])
        llama_cpp.llama_sampler_accept(self._chain, token)
        self._grammar.consume_token(token)
        return token

    def hold(self, grammar: Grammar, written: str = "") -> bool:
        """Hold the reply to *grammar* from here on, of which *written* is there already; False if that cannot be."""
        held = grammar.deep_copy()
        fits = held.consume_tokens(self._model.vocabulary.tokens(written))
        self._grammar = held if fits else None
        return fits

    def let_go(self) -> None:
        """Follow no grammar any longer."""
        self._grammar = None

    @property
    def held(self) -> bool:
        """Return whether a grammar is followed."""
        return self._grammar is not None

    def close(self) -> None:
        """Free the samplers."""
        llama_cpp.llama_sampler_free(self._chain)

    def _admitted(self, grammar: Grammar) -> NDArray[np.intp]:
        """Return the tokens that *grammar* lets come next."""
        bits = np.frombuffer(grammar.compute_bitmask(), np.uint8)
        if grammar.is_error():
            if grammar.stop_reason() in _TOO_COMPLEX:
                raise UnfitRequest(
                    "the grammar is too ambiguous to be followed", hint="use fewer nested, repeated or optional parts"
                )
            return np.empty(0, np.intp)  # no token goes on from here
        return np.flatnonzero(np.unpackbits(bits, count=self._model.vocabulary.size, bitorder="little"))


def _draw(chain: Any, tokens: NDArray[np.intp], logits: NDArray[np.float32]) -> int:
    """Draw one of *tokens* by a sampler chain."""
    candidates = np.zeros(tokens.size, dtype=[("id", "i4"), ("logit", "f4"), ("p", "f4")])
    candidates["id"], candidates["logit"] = tokens, logits
    data = ctypes.cast(candidates.ctypes.data, llama_cpp.llama_token_data_p)
    array = llama_cpp.llama_token_data_array(data, tokens.size, -1, False)
    llama_cpp.llama_sampler_apply(chain, ctypes.byref(array))
    return int(candidates["id"][array.selected])


def _penalties(sampling: Sampling) -> tuple[float, float, float] | None:
    """Return the penalties for what repeats, for what is frequent and for what is there; None where there are none."""
    penalties = sampling.repeat_penalty or 1.0, sampling.frequency_penalty or 0.0, sampling.presence_penalty or 0.0
    return None if penalties == (1, 0, 0) else penalties


def _chain(sampling: Sampling, vocabulary_size: int) -> Any:
    """Make a chain in llama.cpp's usual order (common/sampling.cpp)."""
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        llama_cpp.llama_sampler_chain_add(chain, sampler)

    if penalties := _penalties(sampling):
        add(llama_cpp.llama_sampler_init_penalties(vocabulary_size, _RECENT, *penalties))
    if not sampling.temperature:
        add(llama_cpp.llama_sampler_init_greedy())
        return chain
    if sampling.top_k:
        add(llama_cpp.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p is not None and sampling.top_p < 1:
        add(llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p:
        add(llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1))
    add(llama_cpp.llama_sampler_init_temp(sampling.temperature))
    seed = llama_cpp.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed & 0x7FFF_FFFF
    add(llama_cpp.llama_sampler_init_dist(seed))
    return chain
