"""The languages of espeak-ng 1.51, and which of its voices speaks a BCP-47 tag."""

from collections.abc import Collection
from functools import cache

__all__ = ["LANGUAGES", "VOICES", "voice_for"]

_NAMES = """
    af am an ar as az ba be bg bn bpy bs ca chr-us-qaaa-x-west cmn cmn-latn-pinyin cs cv cy da de el en-029 en-gb
    en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-gb-x-rp en-us en-us-nyc eo es es-419 et eu fa fa-latn fi fr-be
    fr-ch fr-fr ga gd gn grc gu hak haw he hi hr ht hu hy hyw ia id io is it ja jbo ka kk kl kn ko kok ku ky la lb lfn
    lt ltg lv mi mk ml mr ms mt my nb nci ne nl nog om or pa pap piqd pl pt pt-br py qdb qu quc qya ro ru ru-lv sd shn
    si sjn sk sl smj sq sr sv sw ta te th tk tn tr tt ug uk ur uz vi vi-vn-x-central vi-vn-x-south yue
"""
VOICES = tuple(_NAMES.split())
"""Its voices, named by their languages (`espeak-ng --voices`); a later version has some more."""

_USUAL = {
    "en": "en-us",
    "fr": "fr-fr",
    "hbs": "hr",
    "in": "id",
    "iw": "he",
    "nn": "nb",
    "no": "nb",
    "pt-pt": "pt",
    "zh": "cmn",
    "zh-hk": "yue",
    "zh-mo": "yue",
    "zh-yue": "yue",
}
"""The voice of a tag that names none."""

LANGUAGES = (*VOICES, *_USUAL)
"""BCP-47 tags that are spoken."""


@cache
def _known(voices: frozenset[str], wanted: str) -> str:
    tag = wanted.lower().replace("_", "-")
    while tag:
        for name in (tag, _USUAL.get(tag, "")):
            if name in voices:
                return name
        tag = tag.rpartition("-")[0]
    primary = wanted.lower().replace("_", "-").partition("-")[0]
    return min((name for name in voices if name.partition("-")[0] == primary), default="")


def voice_for(tag: str, voices: Collection[str]) -> str:
    """Return the one of *voices* that speaks a BCP-47 tag, `de` for `de-AT`; empty where none does."""
    return _known(frozenset(voices), tag)
