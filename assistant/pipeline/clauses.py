"""Cut a reply that is still being written into clauses that can be spoken."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

__all__ = ["Clause", "clauses", "speakable"]

_FIRST = 12
"""Fewest characters of the first clause: short, because the listener waits for it."""
_LATER = 40
"""Fewest characters of the others: long enough to be spoken with the melody of a sentence."""
_LONGEST = 200
"""Most characters of a clause; a longer one is cut at a blank."""

_END = re.compile(r"[.!?…؟।]+[\"')\]]*\s+|[;:؛]\s+|\n+|[。！？；]")
_COMMA = re.compile(r"[,،]\s+|\s+[–—]\s+|[，、]")
_CODE = "```"
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|vs|etc|e\.g|i\.e|z\.B|u\.a|bzw|ca|approx|Jan|Feb|Mar|Apr|Jun|Jul|"
    r"Aug|Sept?|Oct|Nov|Dec|Sra?|M|Mme|Ave|Inc|Ltd|Co|[ap]\.m)\.$|\d\.$"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a reply that is spoken in one breath."""

    written: str
    """The words as the model wrote them: what history keeps."""
    spoken: str
    """The words as a voice has to read them."""


async def clauses(deltas: AsyncIterator[str], language: str = "en") -> AsyncGenerator[Clause, None]:
    """Yield the clauses of the text that *deltas* spell in *language* (BCP-47), each as soon as it is whole.

    The first is cut at a comma if need be, so that speech begins early; the others at the ends of sentences.
    """
    text = ""
    fewest = _FIRST
    async for delta in deltas:
        text = _without_code(text + delta)
        while cut := _cut(text.partition(_CODE)[0], fewest):
            clause, text = text[:cut], text[cut:]
            if spoken := speakable(clause):
                yield Clause(clause.strip(), spoken)
                fewest = _LATER
    if spoken := speakable(text):
        yield Clause(text.strip(), spoken)


def _without_code(text: str) -> str:
    """Return *text* without the blocks of code in it; of one that is still open, only where it begins."""
    text, opening, code = re.sub(r"```.*?```", " ", text, flags=re.DOTALL).partition(_CODE)
    return f"{text}{opening}{code[-2:]}"  # which may be the beginning of its end


def _cut(text: str, fewest: int) -> int:
    """Return where the first clause of *text* ends, or 0 where it is not whole yet."""
    marks = [_END] if fewest > _FIRST else [_END, _COMMA]
    ends = [
        match.end()
        for mark in marks
        for match in mark.finditer(text)
        if match.end() >= fewest and not _ABBREVIATION.search(text[: match.end()].rstrip())
    ]
    if ends:
        return min(ends)
    if len(text) > _LONGEST:
        return text.rfind(" ", 0, _LONGEST) + 1 or _LONGEST
    return 0


def speakable(text: str) -> str:
    """Return *text* without what only the eye can read: markdown, links, emoji."""
    text = re.sub(r"```.*?(```|$)", " ", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://(?:www\.)?([^\s/]+)\S*", r"\1", text)
    text = re.sub(r"(?m)^\s*(?:[-*+]|#{1,6}|>|\d+[.)])\s+", "", text)
    text = re.sub(r"[*_`~#|]+|-{3,}", "", text)
    text = re.sub(r"[\U0001F000-\U0001FAFF\u20E3\u2300-\u23FF\u2600-\u27BF\u2B00-\u2BFF\uFE0F\u200D]+", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    return text if re.search(r"\w", text) else ""
