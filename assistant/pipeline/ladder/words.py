"""How people agree, disagree and choose, by language; and what is said in return."""

import re
from collections.abc import Iterable, Mapping

from assistant.pipeline.wake_phrase import plain

__all__ = [
    "all_right",
    "alternatives",
    "drops_all",
    "is_no",
    "is_yes",
    "of_language",
    "said",
    "sentences",
    "without_courtesy",
]

_YES = {
    "de": "ja, jawohl, jep, genau, klar, richtig, mach das, mach es, tu das, gerne, sicher, okay, ok, in ordnung, "
    "stimmt, bitte",
    "en": "yes, yeah, yep, yup, yea, sure, do it, do that, please do, go ahead, right, that's right, correct, exactly, "
    "okay, ok, of course, i do, i am sure, i'm sure, absolutely, definitely, "
    "please",
    "es": "sí, si, claro, hazlo, correcto, exacto, vale, de acuerdo, adelante, eso es, desde luego",
    "fr": "oui, ouais, vas y, d'accord, exactement, c'est ça, bien sûr, fais le, ok, okay, tout à fait",
    "it": "sì, si, certo, esatto, fallo, va bene, d'accordo, ok, okay",
    "nl": "ja, jep, doe maar, doe het, precies, zeker, prima, oké, ok, graag, klopt",
}
_NO = {
    "de": "nein, nee, nein danke, lieber nicht, nicht, lass es, lass das, doch nicht, bloß nicht, abbrechen, egal, "
    "vergiss es, keins, keine, keinen, keins davon, keine davon, nichts davon, auf keinen fall",
    "en": "no, no thanks, no thank you, nope, nah, don't, do not, don't do it, do not do it, rather not, cancel, "
    "never mind, nevermind, forget it, neither, none, none of them, neither of them, absolutely not",
    "es": "no, no gracias, mejor no, cancela, déjalo, olvídalo, ninguno, ninguna, no lo hagas, para nada",
    "fr": "non, non merci, pas maintenant, annule, laisse tomber, surtout pas, aucun, aucune, ni l'un ni l'autre, "
    "pas du tout",
    "it": "no, no grazie, meglio di no, annulla, lascia stare, lascia perdere, nessuno, nessuna",
    "nl": "nee, nee dank je, liever niet, annuleer, laat maar, toch niet, geen van beide",
}
_DROPS = {
    "de": "abbrechen, egal, vergiss es, lass es, lass das",
    "en": "cancel, never mind, nevermind, forget it",
    "es": "cancela, déjalo, olvídalo",
    "fr": "annule, laisse tomber",
    "it": "annulla, lascia stare, lascia perdere",
    "nl": "annuleer, laat maar",
}
_COURTESY = {
    "de": "bitte, mal, doch, danke, und",
    "en": "please, thanks, thank you, and, then",
    "es": "por favor, gracias, y",
    "fr": "s'il te plaît, s'il vous plaît, s'il te plait, s'il vous plait, merci, et",
    "it": "per favore, per piacere, grazie, e",
    "nl": "alsjeblieft, alstublieft, dank je, en",
}
_ALL_RIGHT = {
    "de": "In Ordnung, dann nicht.",
    "en": "All right, then not.",
    "es": "De acuerdo, entonces no.",
    "fr": "D'accord, alors non.",
    "it": "Va bene, allora no.",
    "nl": "Goed, dan niet.",
}


def is_yes(text: str, language: str) -> bool:
    """Tell whether *text* agrees, once or several times, and says nothing else; "bitte?" asks what was said."""
    if text.rstrip().endswith("?"):
        return False
    return bool(re.fullmatch(f"({_phrases(_YES, language)}| )+", without_courtesy(text, language)))


def is_no(text: str, language: str) -> bool:
    """Tell whether *text* disagrees, once or several times, and says nothing else."""
    return bool(re.fullmatch(f"({_phrases(_NO, language)}| )+", without_courtesy(text, language)))


def drops_all(text: str, language: str) -> bool:
    """Tell whether *text*, which disagrees, wants nothing of it any more: "no, never mind"."""
    return bool(re.search(_phrases(_DROPS, language), said(text)))


def all_right(language: str) -> str:
    """Return what is said where somebody disagreed."""
    return of_language(_ALL_RIGHT, language)


def said(text: str) -> str:
    """Return *text* in lower case, without punctuation, with straight apostrophes and single blanks."""
    return plain(text.replace("’", "'").replace("-", " "))


def sentences(texts: Iterable[str]) -> str:
    """Return *texts* one after the other, each but the last with what ends a sentence."""
    *before, last = [text.strip() for text in texts if text.strip()] or [""]
    return " ".join([*(text if text[-1] in ".!?…" else f"{text}." for text in before), last])


def without_courtesy(text: str, language: str) -> str:
    """Return what is left of *text*, plain, without what is only polite."""
    polite = rf"\b({_phrases(_COURTESY, language)})\b"
    return " ".join(re.sub(polite, " ", said(text)).split()) or said(text)


def of_language(table: Mapping[str, str], language: str) -> str:
    """Return the entry of a BCP-47 tag; the English one for a language that has none yet."""
    return table.get(language.partition("-")[0].lower(), table["en"])


def alternatives(phrases: Iterable[str]) -> str:
    """Return a regular expression of plain phrases; of two that begin alike, the longer is tried first."""
    return "|".join(re.escape(phrase) for phrase in sorted(map(said, phrases), key=len, reverse=True))


def _phrases(table: Mapping[str, str], language: str) -> str:
    return rf"\b(?:{alternatives(of_language(table, language).split(','))})\b"
