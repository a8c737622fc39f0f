"""How likely a token was, from the logits of the step that it came of."""

import numpy as np
from numpy.typing import NDArray

from assistant import TokenLogprob, WrittenToken
from assistant_llama_cpp.vocabulary import Vocabulary

__all__ = ["written_token"]


def written_token(logits: NDArray[np.float32], token: int, most: int, vocabulary: Vocabulary) -> WrittenToken:
    """Return how likely *token* was, and the *most* likeliest in its place."""
    peak = float(logits.max())
    total = peak + float(np.log(np.exp(logits - peak).sum(dtype=np.float64)))

    def told(number: int) -> TokenLogprob:
        return TokenLogprob(vocabulary.piece(number), min(0.0, float(logits[number]) - total))

    likeliest = np.argpartition(logits, -most)[-most:] if most else np.empty(0, np.intp)
    ordered = likeliest[np.argsort(-logits[likeliest], kind="stable")]
    return WrittenToken(told(token), tuple(told(int(number)) for number in ordered))
