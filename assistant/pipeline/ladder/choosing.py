"""Which of several things somebody chooses: by name, by what tells it from the others, by its place, or all of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from assistant.pipeline.ladder.marks_words import TABLES
from assistant.pipeline.ladder.words import alternatives, said, without_courtesy

__all__ = ["chosen"]


@dataclass(frozen=True, slots=True)
class _Words:
    """One language."""

    places: tuple[str, ...]
    """What is said for the first, the second and so on, as regular expressions."""
    last: str
    """What is said for the last, as a regular expression."""
    every: str
    """What is said for both, or for all, as a regular expression."""
    fillers: str
    """What may stand beside it and means nothing."""


_WORDS: Mapping[str, _Words] = {
    "de": _Words(
        places=(
            "erst(e|en|er|es)|eins|1",
            "zweit(e|en|er|es)|zwei|2",
            "dritt(e|en|er|es)|drei|3",
            "viert(e|en|er|es)|vier|4",
        ),
        last="letzt(e|en|er|es)",
        every="beide|alle|alles|jede",
        fillers="der die das den dem ich meine meinte nimm lieber bitte ja nummer dort im in von beiden um uhr "
        "timer wecker",
    ),
    "en": _Words(
        places=("first|one|1st|1", "second|two|2nd|2", "third|three|3rd|3", "fourth|four|4th|4"),
        last="last|latter",
        every="both|all|all of them|both of them|everything|every one",
        fillers="the a one ones i mean meant want take that this it's its yes number please of them in uh um thing "
        "timer alarm reminder at o'clock",
    ),
    "es": _Words(
        places=("primer[oa]?|un[oa]|1", "segund[oa]|dos|2", "tercer[oa]?|tres|3", "cuart[oa]|cuatro|4"),
        last="últim[oa]",
        every="ambos|ambas|todos|todas|todo|los dos|las dos",
        fillers="el la los las lo de del sí quiero digo decía número opción en ese esa a "
        "temporizador alarma recordatorio",
    ),
    "fr": _Words(
        places=("premi(er|ère)|un|une|1", "deuxième|second|seconde|deux|2", "troisième|trois|3", "quatrième|quatre|4"),
        last="derni(er|ère)",
        every="les deux|tous|toutes|tout|tous les deux|toutes les deux",
        fillers="le la les l' celle celui de du des oui je veux voulais dire numéro option dans ce cette à "
        "minuteur minuterie réveil rappel heures",
    ),
    "it": _Words(
        places=("prim[oa]|un[oa]|1", "second[oa]|due|2", "terz[oa]|tre|3", "quart[oa]|quattro|4"),
        last="ultim[oa]",
        every="entrambi|entrambe|tutti|tutte|tutto|tutti e due|tutte e due",
        fillers="il lo la i gli le l' di del della sì voglio intendo intendevo numero opzione in quello quella",
    ),
    "nl": _Words(
        places=("eerste|een|één|1", "tweede|twee|2", "derde|drie|3", "vierde|vier|4"),
        last="laatste",
        every="beide|allebei|alle|alles|allemaal",
        fillers="de het die dat ik bedoel bedoelde wil ja nummer optie in van",
    ),
}


def chosen(text: str, choices: Sequence[str], language: str) -> tuple[str, ...]:
    """Return which of *choices* are meant by *text*, all or one of them; none where it is about something else.

    Nothing but the choice and small words may be said: "is the desk lamp on?" chooses nothing.
    """
    words = _WORDS.get(language.partition("-")[0].lower(), _WORDS["en"])
    text = without_courtesy(text, language)
    if named := _named(text, choices, words, language.partition("-")[0].lower()):
        return (named,)
    rest = re.sub(rf"\b({alternatives(words.fillers.split())})\b", " ", text)
    rest = " ".join(rest.split()) or text  # in "the one", "one" may be all there is
    if re.fullmatch(words.every, text) or re.fullmatch(words.every, rest):
        return tuple(choices)
    if re.fullmatch(words.last, rest):
        return (choices[-1],)
    for choice, place in zip(choices, words.places, strict=False):
        if re.fullmatch(place, rest):
            return (choice,)
    return ()


def _named(text: str, choices: Sequence[str], words: _Words, main: str) -> str | None:
    """Return the one choice that is named, by all of its words or by those that no other has."""
    fillers = set(words.fillers.split())
    spoken = {_same(word, main) for word in set(text.split()) - fillers}
    names = {choice: {_same(word, main) for word in set(said(choice).split()) - fillers} for choice in choices}
    whole = [choice for choice in choices if spoken == names[choice]]
    if not spoken or len(whole) == 1:
        return whole[0] if spoken else None
    fitting = [choice for choice in choices if spoken <= names[choice]]
    return fitting[0] if len(fitting) == 1 else None


def _same(word: str, main: str) -> str:
    """Return what is the same for "ten" and "10", "minute" and "minutes", "Pizza" and "Pizzatimer", "7" and "07"."""
    word = _figures(main).get(word, word)
    return re.sub(r"^0(?=\d)|(?<=\w{3})(timer|wecker|s|n)$", "", word)


@cache
def _figures(main: str) -> Mapping[str, str]:
    """Return the figures of number words."""
    numbers = TABLES[main].numbers.split()[:21] if main in TABLES else []  # up to twenty each follows the one before
    return {word: str(value) for value, named in enumerate(numbers) for word in named.split("|")}
