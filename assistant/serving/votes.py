"""What answers are votes for, however they are written."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

__all__ = ["counted", "plain"]

_AROUND = " .,;:!?\"'`*_()[]{}“”‘’«»。、！？"
"""What stands around a label and is no part of it. A sign or a point within one is: -1 is not 1."""
_LEAD = re.compile(r"[:：\n]")
"""What ends a lead, as in `Answer: yes`."""


def plain(text: str) -> str:
    """Return *text* without what makes no difference between labels: case, blanks, marks around it."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(_AROUND)


def counted(texts: Mapping[int, str], choices: Sequence[str] = ()) -> dict[str, list[int]]:
    """Return the numbers of those who say the same, by what they say: one of *choices*, or anything.

    A text is one of the choices where it is that, or ends with it after a colon or on a line of its own. A choice that
    merely occurs in it is none: it may be denied.
    """
    known = {plain(choice): choice for choice in choices}
    votes = dict[str, list[int]]()
    for number, text in texts.items():
        said = plain(text)
        if choices:
            last = plain(_LEAD.split(text.strip())[-1])
            said = known.get(said) or known.get(last) or ""
        if said:
            votes.setdefault(said, []).append(number)
    return votes
