"""What a model thinks aloud is not said."""

import pytest

from assistant import Thoughts

REPLIES = {
    "Hello there.": "Hello there.",
    "<think>They greet me.</think>\n\nHello.": "Hello.",
    "\n<think>\n\n</think>\n\nHello.": "Hello.",
    "<think>a <b </think </think>Hello.": "Hello.",
    "<think>it never ends": "",
    "<think>x</think>": "",
    "<thin air>": "<thin air>",
    "<thi": "<thi",
    "We say <think>this</think>.": "We say <think>this</think>.",
    "  Hello": "  Hello",
    "": "",
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("reply", REPLIES)
def test_wherever_the_pieces_divide_it(reply: str, size: int) -> None:
    thoughts = Thoughts()
    said = [thoughts.push(reply[at : at + size]) for at in range(0, len(reply), size)]
    assert "".join([*said, thoughts.push("", final=True)]) == REPLIES[reply]
