"""A reply is cut where a voice would draw breath, whatever pieces it comes in."""

from collections.abc import AsyncGenerator

import pytest

from assistant.pipeline.clauses import clauses, speakable
from assistant.streams import once


async def cut(text: str, size: int) -> list[str]:
    """Return the clauses of a text that comes in pieces of *size* characters."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [clause.spoken async for clause in clauses(once(*pieces))]


CASES = [
    # the first clause is short, the others are whole sentences
    (
        "Sure, the lamp is on now. It was off before, as you know. Anything else that I can do?",
        ["Sure, the lamp is on now.", "It was off before, as you know. Anything else that I can do?"],
    ),
    (
        "Of course I can, and here is the whole of the first sentence. The second one is here, with a comma.",
        ["Of course I can,", "and here is the whole of the first sentence.", "The second one is here, with a comma."],
    ),
    ("Yes.", ["Yes."]),
    ("Yes", ["Yes"]),
    ("", []),
    (" \n ", []),
    ("...", []),
    ("A line of a poem\nand the second line of the very same poem\nand a third", [
        "A line of a poem", "and the second line of the very same poem", "and a third"]),
    # dots that end nothing
    ("It is 21.5 degrees outside. It gets warmer.", ["It is 21.5 degrees outside.", "It gets warmer."]),
    ("I have 1,000 euros in my pocket now. It is a lot.", ["I have 1,000 euros in my pocket now.", "It is a lot."]),
    ("Dr. Smith lives here. He is old.", ["Dr. Smith lives here.", "He is old."]),
    ("Mrs. Jones and Mr. Miller met. Good.", ["Mrs. Jones and Mr. Miller met.", "Good."]),
    ("It is 5 p.m. and dark outside. Good night.", ["It is 5 p.m. and dark outside.", "Good night."]),
    ("Take fruit, e.g. apples, i.e. the red ones.", ["Take fruit,", "e.g. apples, i.e. the red ones."]),
    ("J. R. R. Tolkien wrote it. It is long.", ["J. R. R. Tolkien wrote it.", "It is long."]),
    ("Version 1.2.3 is out now. Get it.", ["Version 1.2.3 is out now.", "Get it."]),
    ("Am 3. Oktober ist z.B. frei. Gut.", ["Am 3. Oktober ist z.B. frei.", "Gut."]),
    # marks together, and quotes
    ("Is that really so?! I think it is.", ["Is that really so?!", "I think it is."]),
    ('He said "Hello there." Then he left.', ['He said "Hello there."', "Then he left."]),
    ("Let me think... It is Rome.", ["Let me think...", "It is Rome."]),
    # other languages
    ("¿Qué hora es ahora? ¡Son las tres!", ["¿Qué hora es ahora?", "¡Son las tres!"]),
    ("Привет, как дела? Всё хорошо.", ["Привет, как дела?", "Всё хорошо."]),
    ("今日は東京では一日中晴れです。明日は雨でしょう。", ["今日は東京では一日中晴れです。", "明日は雨でしょう。"]),
    ("مرحبا كيف حالك اليوم؟ أنا بخير.", ["مرحبا كيف حالك اليوم؟", "أنا بخير."]),
    # what only the eye can read
    ("See https://www.example.org/a,b?c=d for it, please.", ["See example.org for it,", "please."]),
    ("It is **very** `warm` and _nice_ today.", ["It is very warm and nice today."]),
    ("Hello there! 😀👍🏽 How are you? ⭐", ["Hello there!", "How are you?"]),
    ("😀😀", []),
    ("Here is the code: ```python\nprint('a. b')\nif x:\n``` That was it.", ["Here is the code:", "That was it."]),
    ("It goes like this.\n```\nnever, ever. said: this\n", ["It goes like this."]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[text[:30] for text, _ in CASES])
async def test_a_reply_is_cut_in_the_same_way_whatever_pieces_it_comes_in(text: str, wanted: list[str]) -> None:
    for size in (1, 3, 7):
        assert await cut(text, size) == wanted, f"in pieces of {size}"


async def test_a_clause_is_given_as_soon_as_it_is_whole() -> None:
    given: list[str] = []
    seen: list[int] = []

    async def deltas() -> AsyncGenerator[str, None]:
        for piece in ("The lamp", " is on now.", " ", "It was", " off."):
            seen.append(len(given))
            yield piece

    async for clause in clauses(deltas()):
        given.append(clause.spoken)  # noqa: PERF401 - `deltas` looks at it meanwhile
    assert given == ["The lamp is on now.", "It was off."]
    assert seen == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("text", ["word " * 300, "a" * 1500, "数" * 1500], ids=["words", "one word", "no blanks"])
async def test_a_text_without_an_end_is_cut_all_the_same_and_nothing_is_lost(text: str) -> None:
    given = await cut(text, 7)
    assert max(map(len, given)) <= 200
    assert "".join(given).replace(" ", "") == text.replace(" ", "")


async def test_no_word_is_lost_or_said_twice() -> None:
    text = " ".join(f"{n} plain words, and then some more of them{'.' if n % 3 else ';'}" for n in range(100))
    for size in (1, 5, 1000):
        assert " ".join(await cut(text, size)) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# A title", "A title"),
        ("### A title", "A title"),
        ("- one\n- two", "one two"),
        ("* one\n* two", "one two"),
        ("1. one\n2) two", "one two"),
        ("> quoted", "quoted"),
        ("**bold** __bold__ *it* _it_ ~~gone~~", "bold bold it it gone"),
        ("`code`", "code"),
        ("```\ncode\n```", ""),
        ("before ```code", "before"),
        ("[the docs](https://example.org/x)", "the docs"),
        ("![a cat](cat.png)", "a cat"),
        ("https://www.example.org/a?b=c", "example.org"),
        ("http://example.org", "example.org"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("a\n---\nb", "a b"),
        ("3️⃣ times ⏰", "3 times"),
        ("👩‍👩‍👧 family 🇩🇪", "family"),
        ("well-known", "well-known"),
        ("-5 degrees", "-5 degrees"),
        ("don't", "don't"),
        ("?!", ""),
    ],
)
def test_only_what_can_be_spoken_is_spoken(text: str, wanted: str) -> None:
    assert speakable(text) == wanted
