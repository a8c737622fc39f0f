"""Cut a reply that is still being written into clauses that can be spoken."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from assistant.pipeline.spoken import any_of, language_of, spoken_form

__all__ = ["Clause", "clauses"]

_FIRST = 12
"""Least size of a clause, which the first one has: short, because the listener waits for it."""
_SENTENCE = 40
"""Size from which a clause need not be joined with the next sentence: enough to have a melody."""
_LONGEST = 200
"""Greatest size of a clause; a longer one is cut at a blank."""
_ADDRESS = 2000
"""Most characters of a link without a blank in it, which is not cut."""

_BLANKS = re.compile(r"(\s{100})\s+")
_CODE = "```"
_BLOCKS = re.compile(r"(?:\s*```.*?```)+", re.DOTALL)
_CLOSING = "\"'”’»)]*_"
_QUOTES = f"[{re.escape(_CLOSING)}]*"
_MARK = re.compile(
    rf"""
      (?: …|\.\.\.+ )(?![.!?]){_QUOTES}(?=\s+\S)      # within a sentence
    | [,;:،؛]{_QUOTES}(?=\s+\S)
    | (?<=[^\s\d])[^\S\n][–—-](?=\s+\S)
    | [，、；：](?=.)
    | (?<=[\u0e00-\u0eff])(?=\s+[\u0e00-\u0eff])      # Thai and Lao have no other
    | (?P<end>                                        # after one
          [.!?؟।۔]+{_QUOTES}(?=\s+(?P<next>\S))
        | [。！？]+[」』）”]*(?=[^。！？」』）”])
        | (?=\n)
      )
    """,
    re.VERBOSE,
)
"""Where a clause may end. What must follow is there already, so that no further text makes it anything else."""
_INITIAL = re.compile(r"(?<![^\W\d_])(?!I\.)[^\W\d_]\.$")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d{1,3}\.$")
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.$")
_LAST = re.compile(r"\b(?:etc|usw|ecc|enz)\.$")
_OPEN_LINK = re.compile(r"\[[^\]\n]*$")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a reply that is spoken in one breath."""

    written: str
    """The words as the model wrote them: what history keeps."""
    spoken: str
    """The words as a voice has to read them."""


async def clauses(deltas: AsyncIterator[str], language: str = "en") -> AsyncGenerator[Clause, None]:
    """Yield the clauses of the text that *deltas* spell in *language* (BCP-47), each as soon as it is whole.

    A clause may be as long as all before it together: while that much is played, so much more can be written and
    synthesised. So the first may be short, and no gap is heard where synthesis takes up to half of the time of its
    sound (0.1 of it here, 0.5 on a Raspberry Pi) and the model writes 15 tokens a second, or 0.3 and 10. The text may
    come in any pieces, the clauses are the same.
    """
    text = ""
    before = 0
    async for delta in deltas:
        text = _without_code(text + delta)
        while cut := _cut(text.partition(_CODE)[0], before, language):
            written, text = text[:cut].strip(), text[cut:].lstrip()
            before += _size(written)
            if spoken := spoken_form(written, language):
                yield Clause(written, spoken)
    written = text.partition(_CODE)[0].strip()
    if spoken := spoken_form(written, language):
        yield Clause(written, spoken)


def _without_code(text: str) -> str:
    """Return *text* without the blocks of code in it; of one that is still open, only where it begins."""
    text = _BLANKS.sub(r"\1", text)
    text, opening, code = _BLOCKS.sub("\n", text).partition(_CODE) if _CODE in text else (text, "", "")
    return f"{text.strip()}\n{opening}{code[-2:]}" if opening else text.lstrip()  # code may be about to end


def _size(text: str) -> int:
    """Return how long *text* takes to say, in letters; a Chinese or Korean character takes as long as three."""
    return len(text) + 2 * len(_WIDE.findall(text))


def _cut(text: str, before: int, language: str) -> int:
    """Return where the first clause of *text* ends, or 0 where that is not known yet."""
    fewest = min(max(_FIRST, before), _SENTENCE)
    room = min(max(_FIRST, before), _LONGEST)
    within = 0
    for mark in _marks(text, language):
        size = _size(text[: mark.end()].strip())
        if size > _LONGEST:
            break
        if size > room:
            return within or mark.end()
        if size >= fewest:
            if mark["end"] is not None:
                return mark.end()
            within = mark.end()
    size = _size(text.rstrip())
    if within and size > room:
        return within
    return _hard_cut(text) if size > _LONGEST else 0


def _marks(text: str, language: str) -> Iterator[re.Match[str]]:
    """Yield where a clause may end."""
    for mark in _MARK.finditer(text):
        before = text[: mark.end()].rstrip(_CLOSING)
        if _OPEN_LINK.search(before):
            continue
        if mark[0].startswith(".") and mark["next"] and _ends_nothing(before, mark["next"], language):
            continue
        yield mark


def _ends_nothing(before: str, after: str, language: str) -> bool:
    """Tell whether the dot at the end of *before* is that of a number, an initial or an abbreviation."""
    short, before_number = _short_forms(language)
    return bool(
        after.islower()
        or _INITIAL.search(before)
        or _LIST_NUMBER.search(before)
        or (language_of(language).dotted_ordinals and _ORDINAL.search(before))
        or (short.search(before) and not (_LAST.search(before) and after.isupper()))
        or (before_number.search(before) and after.isdecimal())
    )


@cache
def _short_forms(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds an abbreviation at the end of a text, and one that must stand before a number."""
    tables = language_of(language)
    return re.compile(f"{any_of(tables.abbreviations)}$"), re.compile(f"{any_of(tables.before_numbers)}$")


def _hard_cut(text: str) -> int:
    """Return where to cut a text that has no mark: at a blank between words, not within a number or an address."""
    sizes = accumulate(map(_size, text[: _LONGEST + 1]))
    longest = sum(size <= _LONGEST for size in sizes)
    blanks = [blank.start() for blank in re.finditer(r"(?<=[^\d\s])\s+(?=[^\d\s])", text[: longest + 1])]
    if blanks:
        return blanks[-1]
    if re.match(r"\S*://", text):
        end = re.search(r"\s", text[:_ADDRESS])
        return end.start() if end else 0 if len(text) < _ADDRESS else _ADDRESS
    return longest
