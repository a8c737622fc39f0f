"""How a word agrees with the name of a thing: `la lámpara está encendida`, `the blinds are open`.

Nobody says of what gender a name is. Its first word tells in French and Spanish, by its ending or from a list of what
there is in houses; what is not found is masculine, as every device is.
"""

import re
from collections.abc import Sequence

__all__ = ["agreed", "is_several"]

_FEMININE = {
    "es": r"(?!sof[aá]s?$|d[ií]as?$|mapas?$|climas?$)\w+(?:a|as|ci[oó]n|ciones|si[oó]n|dad|red|pared)|luz|luces",
    "fr": r"(?:lampe|lumi[eè]re|ampoule|veilleuse|guirlande|applique|suspension|liseuse|porte|fen[eê]tre|baie|trappe|"
    r"barri[eè]re|grille|persienne|jalousie|serrure|prise|multiprise|t[eé]l[eé]|t[eé]l[eé]vision|radio|enceinte|box|"
    r"cam[eé]ra|alarme|sir[eè]ne|sonde|clim|climatisation|chaudi[eè]re|pompe|ventilation|hotte|plaque|machine|"
    r"cafeti[eè]re|bouilloire|cuisini[eè]re|tondeuse|chambre|cuisine|salle|terrasse)s?",
}
"""What the first word of a feminine name is."""
_SEVERAL = {
    "de": r".*(?:rollos|rollläden|jalousien|lichter|lampen|leuchten|vorhänge|gardinen|türen|steckdosen|spots|boxen)",
    "en": r"(?!.*\bgas$).*(?<![sui])s",
    "es": r"\w+(?:as|es|os)\b.*",
    "fr": r"(?!bus|tapis|palais)\w+[sx]\b.*",
}
"""What a name is that stands for several things."""
_ENDINGS = {"o": ("o", "a", "os", "as"), "e": ("", "e", "s", "es")}
"""Masculine and feminine, of one and of several, by the ending that a phrase has in braces."""


def is_several(names: Sequence[str], language: str) -> bool:
    """Tell whether what is called *names* is more than one thing: two names, or `Blinds`."""
    several = _SEVERAL.get(_main(language), "(?!)")
    return len(set(names)) > 1 or any(re.fullmatch(several, name.casefold()) for name in names)


def agreed(word: str, names: Sequence[str], language: str) -> str:
    """Return *word* with its ending, `encendid{o}` or `fermé{e}`, as it agrees with *names*; of none, masculine."""
    feminine = re.compile(_FEMININE.get(_main(language), "(?!)"))
    is_feminine = bool(names) and all(feminine.fullmatch(name.casefold().split(" ")[0]) for name in names)
    form = is_feminine + 2 * is_several(names, language)
    return re.sub(r"\{(\w)\}", lambda ending: _ENDINGS[ending[1]][form], word)


def _main(language: str) -> str:
    return language.partition("-")[0].lower()
