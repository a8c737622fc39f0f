"""Words of others on their way to a model: cleaned, shortened, and between two lines that they cannot forge.

There is no sure way to keep a model from obeying what it reads. The fence helps it; what keeps the house safe is that
nothing but a person's own turn can confirm anything (see `consent`).
"""

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["FENCE", "clean", "fenced", "quoted"]

FENCE = "-" * 20
"""The line before and after."""

_MARKS = re.compile(r"<(?=[|/!?a-z_])|\[(?=/?[a-z_]+\])|\|(?=>)", re.IGNORECASE)
"""Where control tokens and tags of chat templates begin: `<|im_start|>`, `</tool_response>`, `[INST]`, `<<SYS>>`."""
_JOINERS = "\u200c\u200d"
"""Characters without a width that are part of words and pictures."""


def clean(text: str, most: int) -> str:
    """Return *text* of *most* characters at most, without what is not seen, and with the marks of templates broken.

    A zero-width space after the first character of a mark is enough for a tokeniser, and a reader does not see it.
    """
    shown = "".join(character for character in text[: 2 * most] if _is_shown(character))
    shown = shown[:most] + " …" if len(shown) > most or len(text) > 2 * most else shown
    return _MARKS.sub(lambda found: f"{found[0]}\u200b", shown)


def fenced(lines: Iterable[str]) -> str:
    """Return *lines*, none of which is a fence or holds a break, between two fences."""
    return "\n".join([FENCE, *lines, FENCE])


def quoted(text: str) -> list[str]:
    """Return the lines of *text* such that none of them can be taken for anything else: each behind a mark."""
    return [f"| {line}" for line in text.splitlines()]


def _is_shown(character: str) -> bool:
    """Tell whether a character can be seen, or parts words and lines: no controls, no marks of direction, no tags."""
    if character in _JOINERS or character in "\n\t":
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
