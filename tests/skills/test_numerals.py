"""Numbers, as people say and write them in four languages."""

from fractions import Fraction

import pytest
from unicode_rbnf import RbnfEngine

from assistant.skills.numerals import number


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "seven", "7"),
        ("en", "a hundred and one", "101"),
        ("en", "two thousand three hundred and forty-five", "2345"),
        ("en", "two and a half", "5/2"),
        ("en", "three point one four", "3.14"),
        ("en", "nought", None),
        ("en", "1,250.5", "1250.5"),
        ("en", "2½", "5/2"),
        ("en", "3/4", "3/4"),
        ("en", "minus five", "-5"),
        ("en", "2.5 million", "2500000"),
        ("en", "half a", "1/2"),
        ("en-GB", "a dozen", "12"),
        ("de", "siebenundzwanzig", "27"),
        ("de", "zweitausenddreihundertfünfundvierzig", "2345"),
        ("de", "zweieinhalb", "5/2"),
        ("de", "anderthalb", "3/2"),
        ("de", "drei Komma eins vier", "3.14"),
        ("de", "1.250,5", "1250.5"),
        ("de", "1.250", "1250"),
        ("de", "1.5", "1.5"),
        ("fr", "quatre-vingt-dix-sept", "97"),
        ("fr", "soixante et onze", "71"),
        ("fr", "septante", "70"),
        ("fr", "1 250,5", "1250.5"),
        ("fr", "trois virgule quatorze", "3.14"),
        ("fr", "deux et demi", "5/2"),
        ("es", "veintiún", "21"),
        ("es", "dos mil trescientos cuarenta y cinco", "2345"),
        ("es", "quinientos doce", "512"),
        ("es", "tres coma catorce", "3.14"),
    ],
)
def test_a_number_in_words_or_digits(language: str, text: str, value: str | None) -> None:
    assert number(text, language) == (None if value is None else Fraction(value))


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_every_number_that_is_spelled_is_read(language: str) -> None:
    engine = RbnfEngine.for_language(language)
    for value in (*range(1000), 1000, 1001, 1999, 2345, 9999, 12_345, 100_000, 999_999, 1_000_000, 2_300_007):
        spelled = engine.format_number(value).text.replace("\u00ad", "")
        assert number(spelled, language) == value, spelled


@pytest.mark.parametrize(
    "text",
    ["", " ", "banana", "three and four", "three four", "and", "-", "--3", "1/0", "1.2.3.4", "seven " * 500, "9" * 500],
)
def test_what_is_no_number(text: str) -> None:
    assert number(text, "en") is None
