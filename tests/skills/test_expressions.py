"""Arithmetic over words: exact, and bounded in all it does."""

from fractions import Fraction

import pytest

from assistant.skill import Asked
from assistant.skills.arithmetic import arithmetic
from assistant.skills.expressions import NotArithmetic, evaluate, tokens
from assistant.skills.words import words

LISTS = ("calc_operator", "calc_symbol", "calc_sign", "calc_function", "calc_suffix", "calc_more")


def worked_out(text: str, language: str = "en") -> Fraction:
    return evaluate(tokens(text, words("arithmetic", language, *LISTS), language))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 percent of 80", "9.6"),
        ("3 plus 4 times 5", "23"),
        ("(3 + 4) * 5", "35"),
        ("10 minus 3 minus 2", "5"),
        ("100 divided by 5 divided by 2", "10"),
        ("12 divided by half of 6", "4"),
        ("three quarters of 20", "15"),
        ("80 plus 10 percent", "88"),
        ("80 minus 10 percent", "72"),
        ("100 plus 10 percent of 50", "105"),
        ("the square root of 144", "12"),
        ("the square root of 9 plus 16", "19"),
        ("the square root of two and a quarter", None),
        ("the cube root of 27", "3"),
        ("the cube root of minus 8", "-2"),
        ("5 squared", "25"),
        ("minus 3 squared", "-9"),
        ("2 to the power of 3 to the power of 2", "512"),
        ("twice 21", "42"),
        ("twenty-one times two", "42"),
        ("0.1 plus 0.2", "0.3"),
        ("7x8", "56"),
        ("7-3", "4"),
        ("6 times 7 =", "42"),
    ],
)
def test_an_expression_is_worked_out_exactly(text: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(NotArithmetic):
            worked_out(text)
    else:
        assert worked_out(text) == Fraction(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7 plus",
        "plus",
        "times 7",
        "the capital of France",
        "the e-mail of Bob",
        "((((",
        ")",
        "7 8",
        "eval(1)",
        "__import__('os')",
        " ".join(["1 plus"] * 250) + " 1",
        "(" * 60 + "1",
        "nonsense " * 500,
    ],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(NotArithmetic):
        worked_out(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 divided by 0", ZeroDivisionError),
        ("0 to the power of minus 1", ZeroDivisionError),
        ("the square root of minus 4", ArithmeticError),
        ("(minus 8) to the power of 0.5", ArithmeticError),
        ("9 to the power of 9 to the power of 9", OverflowError),
        ("((((9^9)^9)^9)^9)", OverflowError),
        ("10^1000", OverflowError),
        ("2 to the power of 1000000", OverflowError),
    ],
)
def test_what_has_no_answer(text: str, error: type[ArithmeticError]) -> None:
    with pytest.raises(error):
        worked_out(text)


def test_small_numbers_stay_small_in_every_sense() -> None:
    assert worked_out("((1/3)^1000)^1000") == 0
    assert worked_out("(1/7 + 1/11 + 1/13)^50").denominator <= 10**30


def test_a_root_is_exact_where_it_can_be() -> None:
    assert worked_out("the square root of 0.25") == Fraction(1, 2)
    assert abs(worked_out("the square root of 2") ** 2 - 2) < Fraction(1, 10**25)


async def test_a_chat_model_writes_in_english_whatever_it_is_spoken_to_in() -> None:
    calculate = arithmetic().intents["InglenookCalculate"]
    asked = Asked("InglenookCalculate", {"expression": "12 % of 80.5 + (7 * 8) / 4"}, language="de")
    assert (await calculate(asked)).facts == {"result": "23,66"}
