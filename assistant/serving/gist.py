"""What a question says, apart from how it is put: two that say the same may have the same answer.

An embedding cannot tell that. By MiniLM "Is it safe to eat raw eggs?" is 0.99 near to "Is it not safe …" and to "Is
it unsafe …", "Convert dollars to euros" is 0.996 near to "Convert euros to dollars", and in a long sentence one word
hardly moves it, while two ways to put one question are at 0.94. So every word must be the same, in its order: numbers,
names and negations with the rest. What may differ is what stands around a question and is no part of it: a greeting,
courtesy, "can you tell me", the case of its first letter, its last full stop. Whether that changed the meaning after
all is then asked of the embedding.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.pipeline.ladder.marks import is_question

__all__ = ["Gist", "gist"]

_LONGEST = 300
"""Characters of a question: in a longer one a word is too small for an embedding to see."""
_STATES = "look|feel|sound|smell|seem|appear|come|do|compare|rank|differ|stand"
"""Verbs of which "how do I" does not ask for a way."""
_END = r"(?<=[^\W\d_]{2}) ?[!?]+$| ?\?+$|(?<!\.)\.$"
"""What ends a sentence and is no part of it, as the mark of a factorial is, or dots where it is to go on."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What a question says."""

    language: str
    """Main tag of its language."""
    words: str
    """Its words, without what stands around them."""
    asks: bool
    """Whether it asks something; otherwise it tells or demands it."""


@dataclass(frozen=True, slots=True)
class _Language:
    """How questions are put; all but `common` are regular expressions, of text in lower case but for names."""

    common: str
    """Words by which the language is known."""
    opening: str
    """What may stand before a question."""
    request: str
    """What may stand before what is demanded, which is then no question, whatever it ends with."""
    closing: str
    """What may stand after it."""
    same: tuple[tuple[str, str], ...] = ()
    """Beginnings, and others that mean the same."""


def gist(text: str) -> Gist | None:
    """Return what a question says; None for what is no short single line, or in a language that is not known here."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").strip()
    if not text or len(text) > _LONGEST or len(text.splitlines()) > 1:
        return None
    if (tag := _language(text)) is None:
        return None
    language, said, demanded = _LANGUAGES[tag], _begun(" ".join(text.split())), False
    while cut := re.match(rf"(?:{language.opening})|(?P<request>{language.request})", said, re.IGNORECASE):
        said, demanded = _begun(said[cut.end() :]), demanded or cut["request"] is not None
    end = ""
    while cut := re.search(rf"{_END}|(?:{language.closing})$", said, re.IGNORECASE):
        said, end = said[: cut.start()], end + cut[0]
    for beginning, other in language.same:
        said = re.sub(rf"^(?:{beginning})", other, said)
    mark = "?" if "?" in end and not demanded else ""
    return Gist(tag, said, is_question(said + mark, tag)) if said else None


def _begun(said: str) -> str:
    """Return *said* with a small first letter, unless it begins with an abbreviation: who asks is not the WHO."""
    said = said.lstrip("¿¡ ")
    first = said.partition(" ")[0]
    return said if len(first) > 1 and first.isupper() else said[:1].lower() + said[1:]


def _language(text: str) -> str | None:
    """Return the language of which most of the words are; None where none is, or two are alike."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    found = sorted(((sum(word in common for word in words), tag) for tag, common in _COMMON.items()), reverse=True)
    return found[0][1] if found[0][0] > found[1][0] else None


_LANGUAGES: Mapping[str, _Language] = {
    "en": _Language(
        common="""
            the an of is are was were to and for what how who when where why which does do did can could should i
            you it my your me not tell explain please with without this that from write give make safe
        """,
        opening=r"(?:hello|hi|hey|good (?:morning|afternoon|evening))(?: there)?[,.!]+ |please,? |"
        r"(?:(?:can|could|would|will) you (?:please )?tell me|please tell me|tell me|do you know|"
        r"(?:i'd|i would) like to know|i (?:want|need) to know),? (?=(?:what|who|which|when|where|why|how)\b)",
        request=r"(?:can|could|would|will) you (?:please |kindly )|(?:can|could|would|will) you "
        r"(?=(?:explain|tell|give|describe|define|list|write|summari[sz]e|translate)\b)",
        closing=r",? (?<! to )(?<! I )please|"
        r"[,.!?;] ?(?:many thanks|thanks|thank you)(?: so much| very much| in advance)?",
        same=(
            (r"(?:tell|give) me (?=the )|what's |what are (?=the )", "what is "),
            (r"where's ", "where is "),
            (r"explain to me ", "explain "),
            (r"write me ", "write "),
            (
                rf"how (?:do I (?!(?:{_STATES})\b)|can (?:I|one) )|what is (?:the|a) (?:best|good|right) way to ",
                "how to ",
            ),
        ),
    ),
    "de": _Language(
        common="""
            der das ein eine einen ist sind zu im für und wie wer wann wo warum kann ich du es mein mir nicht kein
            keine ohne bitte mit erkläre sag von den dem wird werden muss darf auf
        """,
        opening=r"(?:hallo|hi|hey|guten (?:morgen|tag|abend))[,.!]+ |bitte,? |"
        r"(?:(?:kannst|könntest) du mir (?:bitte )?sagen|sag mir(?: bitte)?|weißt du|"
        r"ich (?:möchte|will|würde gerne?) wissen),? (?=(?:was|we[rnm]|wessen|welch\w*|wann|wo\w*|warum|wie\w*)\b)",
        request=r"(?!)",
        closing=r",? bitte|[,.!?;] ?(?:danke(?: schön)?|vielen dank)",
        same=((r"sag mir (?=die |das )", "was ist "), (r"erklär mir |erkläre mir |erklär ", "erkläre ")),
    ),
    "fr": _Language(
        common="""
            le les une des du est sont était dans pour et quoi comment qui quand où pourquoi je il mon ne pas sans
            avec explique quel quelle au aux ce cette combien peux faut vous tu nous dire moi
        """,
        opening=r"(?:bonjour|salut|bonsoir)[,.!]+ |s'il (?:te|vous) plaît,? |"
        r"(?:(?:peux-tu|pourrais-tu|pouvez-vous|pourriez-vous) me dire|dis-moi|dites-moi|sais-tu|savez-vous|"
        r"je (?:voudrais|veux|aimerais) savoir),? (?=(?:ce qu|qui|quel\w*|quand|où|comment|pourquoi|combien)\b)",
        request=r"(?!)",
        closing=r",? s'il (?:te|vous) plaît|[,.!?;] ?merci(?: beaucoup| d'avance)?",
        same=((r"(?:explique|expliquez)-moi ", "explique "),),
    ),
    "es": _Language(
        common="""
            el los las una del es son era para y qué cómo quién cuándo dónde cuál cuánto cuánta por puedo yo mi con
            explica al hay está sin se tiene debo
        """,
        opening=r"(?:hola|buenos días|buenas (?:tardes|noches))[,.!]+ |por favor,? |"
        r"(?:(?:puedes|podrías|puede|podría) decirme|me (?:puedes|podrías) decir|dime|sabes|"
        r"(?:quiero|quisiera|me gustaría) saber),? "
        r"(?=¿?(?:qué|quién\w*|cuál\w*|cuándo|cuánt\w*|dónde|cómo|por qué)\b)",
        request=r"(?!)",
        closing=r",? por favor|[,.!?;] ?(?:muchas )?gracias",
        same=((r"explícame ", "explica "),),
    ),
}
_COMMON = {tag: frozenset(of.common.split()) for tag, of in _LANGUAGES.items()}
