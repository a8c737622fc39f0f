"""How the next token is drawn: a sampler chain for each reply, and a grammar where one holds it."""

import ctypes
import dataclasses
import math
from typing import Any

import llama_cpp
import numpy as np

from assistant import EngineError, Sampling
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.native import Model

__all__ = ["Sampler", "settled"]

_RECENT = 64
"""Tokens that the repeat penalty looks back."""
_RANGES = {
    "temperature": (0, 5),
    "top_p": (0, 1),
    "top_k": (0, 1 << 30),
    "min_p": (0, 1),
    "repeat_penalty": (0.01, 10),
    "seed": (-(1 << 63), 1 << 64),
}


def settled(sampling: Sampling, config: LlamaConfig) -> Sampling:
    """Fill in what the request leaves to the configuration; raises EngineError for a value that makes no sense."""
    values = {field.name: getattr(sampling, field.name) for field in dataclasses.fields(Sampling)}
    for name, value in values.items():
        low, high = _RANGES[name]
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise EngineError(f"{name} is {value}", hint=f"give a number from {low} to {high}")
    return Sampling(**{name: getattr(config, name, None) if value is None else value for name, value in values.items()})


class Sampler:
    """Draw the tokens of one reply; for the thread that owns the model.

    llama.cpp ends the process when a grammar is given a token it does not admit. So the grammar is kept apart from the
    chain, and is asked before each token is accepted. Raises EngineError for a grammar that cannot be read.
    """

    def __init__(self, model: Model, sampling: Sampling, grammar: str | None = None) -> None:
        self._model = model
        self._grammar: Any = None
        self._chain = _chain(sampling, model.vocabulary.size)
        if grammar is not None and not self.hold(grammar):
            llama_cpp.llama_sampler_free(self._chain)
            raise EngineError("the grammar cannot be read", hint="it must be GBNF with a rule named root")

    def sample(self, entry: int) -> int | None:
        """Draw the token after *entry* of the last batch and accept it; None where the grammar admits none."""
        if self._grammar is None:
            return self._model.sample(self._chain, entry)
        candidates = _Candidates(self._model.logits(entry))
        token = candidates.draw(self._chain)
        if not self._admits(token):
            # Asking the grammar about all tokens takes milliseconds, so it is done only where the likely one is wrong.
            candidates = _Candidates(self._model.logits(entry))
            candidates.apply(self._grammar)
            if not np.isfinite(candidates.array["logit"]).any():
                return None
            token = candidates.draw(self._chain)
            if not self._admits(token):
                return None
        llama_cpp.llama_sampler_accept(self._chain, token)
        self._accept(token)
        return token

    def hold(self, grammar: str, written: str = "") -> bool:
        """Hold the reply to *grammar* from here on, of which *written* is there already; False if that cannot be."""
        self.let_go()
        vocabulary = self._model.vocabulary
        self._grammar = llama_cpp.llama_sampler_init_grammar(vocabulary.pointer, grammar.encode(), b"root") or None
        if self._grammar is None:
            return False
        for token in vocabulary.tokens(written) if written else ():
            if not self._admits(token):
                self.let_go()
                return False
            self._accept(token)
        return True

    def let_go(self) -> None:
        """Follow no grammar any longer."""
        if self._grammar is not None:
            llama_cpp.llama_sampler_free(self._grammar)
            self._grammar = None

    @property
    def held(self) -> bool:
        """Return whether a grammar is followed."""
        return self._grammar is not None

    def close(self) -> None:
        """Free the samplers."""
        self.let_go()
        llama_cpp.llama_sampler_free(self._chain)

    def _admits(self, token: int) -> bool:
        one = _Candidates(np.zeros(1, np.float32), first=token)
        one.apply(self._grammar)
        return bool(np.isfinite(one.array["logit"][0]))

    def _accept(self, token: int) -> None:
        if not self._model.vocabulary.ends_reply(token):  # the end is not part of the grammar
            llama_cpp.llama_sampler_accept(self._grammar, token)


class _Candidates:
    """Tokens with their logits, as llama.cpp's samplers take them."""

    def __init__(self, logits: Any, first: int = 0) -> None:
        size = len(logits)
        self.array = np.empty(size, dtype=[("id", "i4"), ("logit", "f4"), ("p", "f4")])
        self.array["id"] = np.arange(first, first + size)
        self.array["logit"] = logits
        self.array["p"] = 0
        data = ctypes.cast(self.array.ctypes.data, llama_cpp.llama_token_data_p)
        self._tokens = llama_cpp.llama_token_data_array(data, size, -1, False)

    def apply(self, sampler: Any) -> None:
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(self._tokens))

    def draw(self, chain: Any) -> int:
        self.apply(chain)
        return int(self.array["id"][self._tokens.selected])


def _chain(sampling: Sampling, vocabulary_size: int) -> Any:
    """Make a chain in llama.cpp's usual order (common/sampling.cpp)."""
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        llama_cpp.llama_sampler_chain_add(chain, sampler)

    penalty = sampling.repeat_penalty
    if penalty is not None and penalty != 1:
        add(llama_cpp.llama_sampler_init_penalties(vocabulary_size, _RECENT, penalty, 0.0, 0.0))
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
