"""What is a vote, and for what."""

import pytest

from assistant.serving.votes import counted, plain


@pytest.mark.parametrize("text", ["Paris", " paris. ", "**Paris**", '"PARIS"\n', "Ｐａｒｉｓ"])
def test_what_makes_no_difference_is_left_out(text: str) -> None:
    assert plain(text) == "paris"


def test_what_makes_one_stays() -> None:
    assert len({plain(text) for text in ("-1", "1", "1.5", "15", "C", "C++", "C#")}) == 7


def test_equal_texts_are_votes_for_the_same() -> None:
    assert counted({0: "Yes.", 2: "no", 3: "yes", 5: " "}) == {"yes": [0, 3], "no": [2]}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("positive", "Positive"),
        ("Answer: positive.", "Positive"),
        ("I thought about it.\n\n**Positive**", "Positive"),
        ("not positive", None),
        ("Answer: not positive", None),
        ("positive or negative", None),
        ("positively", None),
        ("", None),
    ],
)
def test_of_choices_only_those_are_votes_that_were_given(text: str, choice: str | None) -> None:
    assert counted({0: text}, ["Positive", "Negative"]) == ({choice: [0]} if choice else {})
