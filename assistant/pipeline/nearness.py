"""Which of the sentences that are understood is nearest to another: by an embedding engine, or else by its letters."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from operator import mul

from assistant.engines import Embed

__all__ = ["Near", "Nearness"]

Near = list[tuple[float, str]]
"""Sentences, each with how near it is, 0 to 1; the nearest first."""

_ALIKE = 0.6
"""Least dot product at which sentences count as near by MiniLM, whose marks agree (tests/pipeline/paraphrases.yaml):
of 30 other questions none comes nearer than 0.58, of 34 paraphrases 16 do."""
_LETTERS = 0.7
"""Least share of equal letters at which they do without an embedding engine, or in a language that it does not know."""
_MOST = 2000
"""Sentences whose vectors are kept; the longest unused go first."""
_ASKED = 200
"""Sentences that are known to have been asked about; the oldest go first."""


class Nearness:
    """Compare sentences, and remember the vectors of those that are compared again and again."""

    def __init__(self) -> None:
        self._vectors: OrderedDict[tuple[str, str], Sequence[float]] = OrderedDict()
        self._asked: OrderedDict[tuple[str, str], None] = OrderedDict()

    def by_meaning(self, text: str, sentences: Sequence[str], model: str, engine: Embed, least: float = _ALIKE) -> Near:
        """Return those of *sentences* that *engine*, known as *model*, finds near *text*. May take a while."""
        self.learn(sentences, model, engine)
        (here,) = engine.embed([text])
        near = [(sum(map(mul, here, self._vectors[model, sentence])), sentence) for sentence in sentences]
        return _nearest(near, least)

    def by_letters(self, text: str, sentences: Sequence[str]) -> Near:
        """Return those of *sentences* that are written nearly as *text*."""
        return _nearest([(SequenceMatcher(None, text, sentence).ratio(), sentence) for sentence in sentences], _LETTERS)

    def learn(self, sentences: Iterable[str], model: str, engine: Embed) -> None:
        """Have the vectors of *sentences* ready."""
        unknown = self.unknown(sentences, model)
        for sentence, vector in zip(unknown, engine.embed(unknown), strict=True):
            self._vectors[model, sentence] = vector
        while len(self._vectors) > max(_MOST, len(unknown)):
            self._vectors.popitem(last=False)

    def unknown(self, sentences: Iterable[str], model: str) -> list[str]:
        """Return those of *sentences* whose vectors are not ready."""
        return [sentence for sentence in dict.fromkeys(sentences) if (model, sentence) not in self._vectors]

    def asked(self, text: str, language: str) -> bool:
        """Tell whether people were asked before what they mean by *text*."""
        return (text, language) in self._asked

    def ask(self, text: str, language: str) -> None:
        """Note that somebody is asked what they mean by *text*."""
        self._asked[text, language] = None
        while len(self._asked) > _ASKED:
            self._asked.popitem(last=False)

    def forget(self) -> None:
        """Forget all sentences."""
        self._vectors.clear()
        self._asked.clear()


def _nearest(near: Near, least: float) -> Near:
    return sorted((each for each in near if each[0] >= least), reverse=True)
