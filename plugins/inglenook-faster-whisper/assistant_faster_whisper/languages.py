"""Whisper's language codes and BCP-47 tags."""

from difflib import get_close_matches

from assistant import UnfitRequest

__all__ = ["CODES", "TAGS", "code", "tag"]

_TRAINED = """
    af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is
    it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk
    sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue
"""
CODES = tuple(_TRAINED.split())
"""What Whisper was trained to write, in its own order (openai/whisper, tokenizer.py); `yue` came with large-v3."""

_BCP_47 = {"jw": "jv"}
_OTHER_NAMES = {"jv": "jw", "iw": "he", "in": "id", "ji": "yi", "nb": "no", "fil": "tl", "cmn": "zh"}

TAGS = tuple(_BCP_47.get(code, code) for code in CODES)
"""The same as BCP-47 tags."""


def code(tag: str) -> str:
    """Return Whisper's code for a BCP-47 tag, `de` for `de-CH`; raises UnfitRequest where it has none."""
    primary = tag.replace("_", "-").split("-")[0].lower()
    found = _OTHER_NAMES.get(primary, primary)
    if found in CODES:
        return found
    near = get_close_matches(primary, CODES, 1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnfitRequest(
        f"Whisper does not know the language {tag!r}", hint=f"{hint}use a BCP-47 tag such as en or pt-BR"
    )


def tag(code: str) -> str:
    """Return the BCP-47 tag of Whisper's code."""
    return _BCP_47.get(code, code)
