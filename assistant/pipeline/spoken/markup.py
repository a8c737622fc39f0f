"""Take from a text what only the eye can read, whatever its language: markdown, links, emoji."""

import re

__all__ = ["strip_markup"]

_CODE = re.compile(r"```.*?(```|$)", re.DOTALL)
_TAG = re.compile(r"</?(?:a|b|br|code|div|em|h[1-6]|hr|i|li|ol|p|pre|span|strong|su[bp]|t[dhr]|table|u|ul)\b[^<>]*>")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s[^)]*)?\)")
_URL = re.compile(r"<?\bhttps?://(?:www\.)?([^\s/?#:>]+)[^\s>]*?>?(?=[.,;:!?)\]\"']*(?:\s|$))")
_RULE = re.compile(r"(?:([-*_])\s*(?:\1\s*){2,}|\|?[\s:|-]*-[\s:|-]*\|?)")
_ITEM = re.compile(r"(?:[-*+•]\s+(?:\[[ xX]\]\s+)?|#{1,6}\s+|(\d{1,3})[.)]\s+)(.*)")
_ROW = re.compile(r"\|(.+?)\|?")
_EMPHASIS = re.compile(r"\*\*|__|~~|`+|(?<!\w)[*_]+(?=\S)|(?<=\S)[*_]+(?!\w)")
_STRAY = re.compile(r"(?<!\d)\*|\*(?!\s?\d)|[_|\\^]|(?<!\w)#+(?!\d)")
_ARROW = re.compile(r"\s*(?:[\u2190-\u21ff\u2794-\u27bf]|[-=]>)\s*(?=\w)")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u20e3\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]+"
)
_ASIDE = re.compile(r"\s+\(([^()]*[^\W\d_][^()]*)\)(?=(\s*(?:[.,;:!?…]|$))?)")
_REPEATED = re.compile(r"([!?])[!?]+")
_PAUSE = re.compile(r"([.!?:;,…。！？][\"')*_]*)?\s*\n\s*(?=(\w)?)")


def strip_markup(text: str) -> str:
    """Return *text* as plain sentences on one line.

    Items of a list, headings, paragraphs and rows of a table end in a pause, an aside in parentheses stands between
    commas, and an address is named by its host. Emoji are left out: they repeat what the words say.
    """
    text = _CODE.sub("\n\n", text)
    text = _LINK.sub(r"\1", text)
    text = _URL.sub(r"\1", text)
    text = _TAG.sub(" ", text)
    text = " ".join(map(_line, text.strip().splitlines()))
    text = _STRAY.sub(" ", _EMPHASIS.sub("", text))
    text = _EMOJI.sub("", _ARROW.sub(", ", text)).strip(" ").removeprefix("\n")
    text = _PAUSE.sub(_pause, text)
    text = _ASIDE.sub(lambda aside: f", {aside[1]}{',' if aside[2] is None else ''}", text)
    text = _REPEATED.sub(lambda marks: "?" if "?" in marks[0] else "!", text)
    return re.sub(r"\s+(?=[,.;:!?](?:\s|$))", "", re.sub(r"\s+", " ", text)).strip()


def _line(line: str) -> str:
    """Return one line without its marks, between line breaks where a voice has to pause."""
    line = line.strip().removeprefix("> ")
    if not line or _RULE.fullmatch(line):
        return "\n"
    if item := _ITEM.fullmatch(line):
        number, words = item.groups()
        return f"\n{number}. {words}\n" if number else f"\n{words}\n"
    if row := _ROW.fullmatch(line):
        return f"\n{', '.join(cell.strip() for cell in row[1].split('|') if cell.strip())}\n"
    return line


def _pause(match: re.Match[str]) -> str:
    """Return what makes a voice pause at the end of a line: a mark, unless one is there already."""
    mark, following = match.groups()
    return f"{mark} " if mark else ", " if following and following.islower() else ". "
