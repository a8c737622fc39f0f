"""A reply is cut where a voice would draw breath, whatever pieces it comes in."""

import random
import re
from collections.abc import AsyncGenerator

import pytest

from assistant.pipeline.clauses import Clause, clauses
from assistant.streams import once


async def cut(text: str, size: int, language: str = "en") -> list[Clause]:
    """Return the clauses of a text that comes in pieces of *size* characters."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [clause async for clause in clauses(once(*pieces), language)]


async def written(text: str, language: str = "en") -> list[str]:
    return [clause.written for clause in await cut(text, 1, language)]


CASES = [
    # the first clause is short, the others grow
    (
        "en",
        "Sure, the lamp is on now. It was off before, as you know. Anything else that I can do?",
        ["Sure, the lamp is on now.", "It was off before, as you know.", "Anything else that I can do?"],
    ),
    (
        "en",
        "Of course I can, and here is the whole of the first sentence. The second one is here, with a comma.",
        ["Of course I can,", "and here is the whole of the first sentence.", "The second one is here, with a comma."],
    ),
    ("en", "Yes.", ["Yes."]),
    ("en", "Yes", ["Yes"]),
    ("en", "", []),
    ("en", " \n ", []),
    ("en", "...", []),
    (
        "en",
        "A line of a poem\nand the second line of the very same poem\nand a third",
        ["A line of a poem", "and the second line of the very same poem", "and a third"],
    ),
    # dots that end nothing
    ("en", "It is 21.5 degrees outside. It gets warmer.", ["It is 21.5 degrees outside.", "It gets warmer."]),
    ("en", "I have 1,000 euros in my pocket now. A lot.", ["I have 1,000 euros in my pocket now.", "A lot."]),
    ("en", "Dr. Smith lives here. He is old.", ["Dr. Smith lives here.", "He is old."]),
    ("en", "Mrs. Jones and Mr. Miller met. Good.", ["Mrs. Jones and Mr. Miller met.", "Good."]),
    ("en", "It is 5 p.m. and dark outside. Good night.", ["It is 5 p.m. and dark outside.", "Good night."]),
    ("en", "Take fruit, e.g. apples, i.e. the red ones.", ["Take fruit, e.g. apples,", "i.e. the red ones."]),
    ("en", "J. R. R. Tolkien wrote it. It is long.", ["J. R. R. Tolkien wrote it.", "It is long."]),
    ("en", "Version 1.2.3 is out now. Get it.", ["Version 1.2.3 is out now.", "Get it."]),
    ("en", "It takes approximat. five minutes. Good.", ["It takes approximat. five minutes.", "Good."]),
    ("en", "He came on Nov. 21 at 7:30. Good.", ["He came on Nov. 21 at 7:30.", "Good."]),
    ("en", "It is at No. 5 of the street. No. Wrong.", ["It is at No. 5 of the street.", "No. Wrong."]),
    ("en", "Bring food, drinks etc. The rest is here.", ["Bring food, drinks etc.", "The rest is here."]),
    ("en", "So, nobody does but I. He is old.", ["So, nobody does but I.", "He is old."]),
    ("en", "He was born in 1926. It was cold.", ["He was born in 1926.", "It was cold."]),
    ("en", "Do that now:\n1. Open it.\n2. Close it.", ["Do that now:", "1. Open it.\n2. Close it."]),
    ("de", "Am 3. Oktober ist z.B. frei. Gut.", ["Am 3. Oktober ist z.B. frei.", "Gut."]),
    ("de", "Der 3. Mann kommt am 12.5. Dann geht er. Gut.", ["Der 3. Mann kommt am 12.5. Dann geht er.", "Gut."]),
    ("de", "Es war im Jahr 1926. Es war kalt.", ["Es war im Jahr 1926.", "Es war kalt."]),
    ("de", "Nimm Obst, z. B. Äpfel bzw. Birnen. Gut.", ["Nimm Obst, z. B. Äpfel bzw. Birnen.", "Gut."]),
    ("fr", "Il y a M. Dupont et Mme Martin. Bien.", ["Il y a M. Dupont et Mme Martin.", "Bien."]),
    ("cs", "Svátek je 28. Října a dál. Dobře.", ["Svátek je 28. Října a dál.", "Dobře."]),
    # marks together, pauses, and quotes
    ("en", "Is that really so?! I think it is.", ["Is that really so?!", "I think it is."]),
    ("en", 'He said "Hello there." Then he left.', ['He said "Hello there."', "Then he left."]),
    ("en", "It is **very warm.** Then it was cold.", ["It is **very warm.**", "Then it was cold."]),
    ("en", "Let me think... It is Rome.", ["Let me think...", "It is Rome."]),
    ("en", "Well – wait – maybe – so it is.", ["Well – wait –", "maybe – so it is."]),
    ("en", "It is 5 – 3 = 2 and 1 – 1 = 0.", ["It is 5 – 3 = 2 and 1 – 1 = 0."]),
    # other scripts
    ("es", "¿Qué hora es ahora? ¡Son las tres!", ["¿Qué hora es ahora?", "¡Son las tres!"]),
    ("ru", "Привет, как дела? Всё хорошо.", ["Привет, как дела?", "Всё хорошо."]),
    (
        "ja",
        "今日は東京では一日中晴れです。明日は雨でしょう。",
        ["今日は東京では一日中晴れです。", "明日は雨でしょう。"],
    ),
    ("ja", "「はい、そうです。」と彼は言った。本当です。", ["「はい、", "そうです。」", "と彼は言った。本当です。"]),
    ("ar", "مرحبا كيف حالك اليوم؟ أنا بخير.", ["مرحبا كيف حالك اليوم؟", "أنا بخير."]),
    ("th", "วันนี้อากาศดีมาก พรุ่งนี้ฝนจะตกตลอดทั้งวัน", ["วันนี้อากาศดีมาก", "พรุ่งนี้ฝนจะตกตลอดทั้งวัน"]),
    # what only the eye can read
    (
        "en",
        "See https://www.example.org/a,b?c=d for it, please.",
        ["See https://www.example.org/a,b?c=d for it,", "please."],
    ),
    (
        "en",
        "See [Paris, in France](https://example.org/a) for it.",
        ["See [Paris, in France](https://example.org/a) for it."],
    ),
    ("en", "Hello there! 😀👍🏽 How are you? ⭐", ["Hello there!", "😀👍🏽 How are you?"]),
    ("en", "😀😀", []),
    (
        "en",
        "Here is the code: ```python\nprint('a. b')\nif x:\n``` That was it.",
        ["Here is the code:", "That was it."],
    ),
    ("en", "It goes like this.\n```\nnever, ever. said: this\n", ["It goes like this."]),
]


@pytest.mark.parametrize(("language", "text", "wanted"), CASES, ids=[text[:30] for _, text, _ in CASES])
async def test_a_reply_is_cut_where_a_voice_would_pause(language: str, text: str, wanted: list[str]) -> None:
    assert await written(text, language) == wanted


WORDS = (
    "The lamp|is on|and|a b|I|word|Dr.|z.B.|e.g.|No.|etc.|J.|12|3.|1,000|3.5|7:30|12.5.|Nov. 21|v1.2|it's|😀|今日は|"
    "晴れ。|「はい。」|วันนี้|อากาศ|**so**|`a, b`|[x, y](http://a.b/c)|https://example.org/a,b|(aside)"
)
MARKS = '. |.|, |! |?! |... |… |: |; | – |\n|\n\n|\n- |\n1. | |  |." |```|```x. y, z```|``'
FRAGMENTS = [
    *WORDS.split("|"),
    *MARKS.split("|"),
    " " * 150,
    "a" * 90,
    " long" * 30,
    "https://example.org/" + "q" * 250,
]


@pytest.mark.parametrize("language", ["en", "de", "xx"])
async def test_the_clauses_are_the_same_whatever_pieces_the_text_comes_in(language: str) -> None:
    chance = random.Random(5)
    for _ in range(80):
        text = "".join(chance.choice(FRAGMENTS) + chance.choice(("", " ", " ")) for _ in range(chance.randint(1, 40)))
        whole = await cut(text, max(1, len(text)), language)
        assert await cut(text, 1, language) == whole, text
        assert await cut(text, chance.randint(2, 9), language) == whole, text


async def test_no_word_is_lost_or_said_twice() -> None:
    chance = random.Random(7)
    words = [fragment for fragment in FRAGMENTS if "`" not in fragment and any(map(str.isalnum, fragment))]
    for _ in range(100):
        text = "".join(chance.choice(words) + chance.choice((" ", ", ", ". ", "\n")) for _ in range(60))
        assert re.sub(r"\W", "", "".join(await written(text))) == re.sub(r"\W", "", text)


async def test_a_clause_is_given_as_soon_as_it_is_known_to_be_whole() -> None:
    given: list[str] = []
    seen: list[int] = []

    async def deltas() -> AsyncGenerator[str, None]:
        for piece in ("The lamp", " is on now.", " It", " was off.", "\n", "It", " is."):
            seen.append(len(given))
            yield piece

    async for clause in clauses(deltas()):
        given.append(clause.written)  # noqa: PERF401 - `deltas` looks at it meanwhile
    assert given == ["The lamp is on now.", "It was off.\nIt is."]
    assert seen == [0, 0, 0, 1, 1, 1, 1]


async def test_a_line_break_ends_a_clause_at_once() -> None:
    """What is said before a tool runs must not wait for what comes after."""
    given: list[str] = []

    async def deltas() -> AsyncGenerator[str, None]:
        yield "Let me look that up."
        yield "\n"
        assert given == ["Let me look that up."]
        yield "It is five."

    async for clause in clauses(deltas()):
        given.append(clause.written)  # noqa: PERF401 - `deltas` looks at it meanwhile
    assert given == ["Let me look that up.", "It is five."]


@pytest.mark.parametrize(
    ("text", "longest"),
    [("word " * 300, 200), ("a" * 1500, 200), ("12 345 " * 100, 200), ("数" * 1500, 67)],
    ids=["words", "one word", "numbers", "no blanks"],
)
async def test_a_text_without_an_end_is_cut_all_the_same(text: str, longest: int) -> None:
    given = await written(text)
    assert max(map(len, given)) <= longest
    assert "".join(given).replace(" ", "") == text.replace(" ", "")


async def test_a_long_link_is_not_cut() -> None:
    address = f"https://example.org/{'a' * 700}"
    assert [clause.spoken for clause in await cut(f"{address} has it. So look there.", 9)] == [
        "example.org",
        "has it. So look there.",
    ]


async def test_a_clause_says_what_was_written_and_how_it_is_spoken() -> None:
    assert await cut("It is **20 °C** there, at 5 km/h. 😀", 4) == [
        Clause("It is **20 °C** there,", "It is 20 degrees Celsius there,"),
        Clause("at 5 km/h. 😀", "at 5 kilometers per hour."),
    ]
