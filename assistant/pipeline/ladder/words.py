"""How people agree and disagree, by language."""

from assistant.pipeline.wake_phrase import plain

__all__ = ["all_right", "is_no", "is_yes"]

_YES = {
    "de": "ja, ja bitte, jawohl, jep, genau, klar, richtig, mach das, ja mach das, bitte, gerne, sicher, okay, ok",
    "en": "yes, yes please, yeah, yep, yup, sure, do it, yes do it, please do, go ahead, right, correct, exactly, "
    "okay, ok, of course, i do, i am sure",
    "es": "sí, si, sí por favor, claro, hazlo, correcto, exacto, vale, de acuerdo, adelante",
    "fr": "oui, oui s'il te plaît, ouais, vas y, d'accord, exactement, c'est ça, bien sûr, fais le",
    "it": "sì, si, sì grazie, certo, esatto, fallo, va bene, d'accordo",
    "nl": "ja, ja graag, jep, doe maar, doe het, precies, zeker, prima, oké",
}
_NO = {
    "de": "nein, nee, nein danke, lieber nicht, nicht, lass es, doch nicht, abbrechen, egal, vergiss es",
    "en": "no, no thanks, no thank you, nope, don't, do not, rather not, cancel, never mind, nevermind, forget it",
    "es": "no, no gracias, mejor no, cancela, déjalo, olvídalo",
    "fr": "non, non merci, pas maintenant, annule, laisse tomber, surtout pas",
    "it": "no, no grazie, meglio di no, annulla, lascia stare, lascia perdere",
    "nl": "nee, nee dank je, liever niet, annuleer, laat maar, toch niet",
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
    """Tell whether *text* agrees, and nothing else."""
    return _is(text, language, _YES)


def is_no(text: str, language: str) -> bool:
    """Tell whether *text* disagrees, and nothing else."""
    return _is(text, language, _NO)


def all_right(language: str) -> str:
    """Return what is said where somebody disagreed."""
    return _ALL_RIGHT.get(_main(language), _ALL_RIGHT["en"])


def _is(text: str, language: str, table: dict[str, str]) -> bool:
    words = table.get(_main(language), table["en"])
    return plain(text.replace("’", "'")) in {plain(phrase) for phrase in words.split(",")}


def _main(language: str) -> str:
    return language.partition("-")[0].lower()
