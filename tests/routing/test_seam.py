"""Where one model stops and the next goes on: no word twice, none lost, wherever the cut is."""

from collections.abc import Callable, Iterator

import pytest

from assistant import ChatMessage, ChatRequest
from assistant.routing.seam import Seam, can_go_on, going_on

TEXTS = [
    "The capital of Italy is Rome. It lies on the Tiber, and about 2.8 million people live there.",
    "Well, well: it's a co-operative's can't-miss day - isn't it?\n\n- one\n- two (2)\n\nYes, very very good!",
    "Row, row, row your boat gently down the stream. Row, row, row your boat.",
    "東京は日本の首都です。人口は約1400万人です。",
    "Die Donaudampfschifffahrtsgesellschaft fährt täglich, außer montags.",
]


def pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def through(seam: Seam, text: str, size: int) -> str:
    """Return what comes through to the end."""
    return "".join([*map(seam.push, pieces(text, size)), seam.close()])


def until_the_cut(text: str, cut: int, size: int, *, whole: bool) -> str:
    """Return what was passed on when the first model is cut off."""
    seam = Seam(whole=whole)
    return "".join(map(seam.push, pieces(text[:cut], size)))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 3, 7, 400])
def test_what_is_not_cut_is_passed_on_as_it_is(text: str, size: int) -> None:
    for whole in (True, False):
        assert through(Seam(whole=whole), text, size) == text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("whole", [True, False])
def test_a_model_that_goes_on_by_itself_goes_on_anywhere(text: str, size: int, whole: bool) -> None:
    for cut in range(len(text)):
        said = until_the_cut(text, cut, size, whole=whole)
        assert said + through(Seam(said, continues=True), text[len(said) :], size) == text, f"cut at {cut}"


def at_the_next_word(text: str, said: str) -> str:
    return text[len(said) :].lstrip()


def with_the_last_words(text: str, said: str) -> str:
    return text[text.rindex(" ", 0, max(0, text.rindex(" ", 0, len(said)))) + 1 :]


def from_the_beginning(text: str, said: str) -> str:
    return text


def from_the_sentence(text: str, said: str) -> str:
    return text[said.rfind(". ") + 2 if ". " in said else 0 :]


@pytest.mark.parametrize("text", [TEXTS[0], TEXTS[4], "It is so very good that we all go there again and again."])
@pytest.mark.parametrize("size", [1, 3, 7, 400])
@pytest.mark.parametrize("again", [at_the_next_word, with_the_last_words, from_the_beginning, from_the_sentence])
def test_a_model_that_begins_a_message_of_its_own_repeats_nothing(
    text: str, size: int, again: Callable[[str, str], str]
) -> None:
    for cut in range(20, len(text)):
        said = until_the_cut(text, cut, size, whole=True)
        if said.count(" ") < 2:
            continue
        whole = said + through(Seam(said, continues=False), again(text, said), size)
        assert whole == text, f"cut at {cut}, after {said!r}"


def test_a_word_that_only_begins_alike_is_no_repetition() -> None:
    assert through(Seam("I said no", continues=False), "not yet.", 1) == " not yet."


def test_a_sign_goes_without_a_blank() -> None:
    assert through(Seam("Well", continues=False), ", perhaps.", 1) == ", perhaps."


def test_one_that_was_to_go_on_and_begins_anew_repeats_nothing() -> None:
    text = TEXTS[0]
    assert text[:29] + through(Seam(text[:29], continues=True), text, 2) == text


def test_a_refrain_is_no_repetition_for_a_model_that_goes_on() -> None:
    text = TEXTS[2]
    said = text[: text.index("stream.") + 7]
    assert said + through(Seam(said, continues=True), text[len(said) :], 4) == text


def test_words_without_end_are_passed_on() -> None:
    seam = Seam(whole=True)
    assert len(seam.push("x" * 500_000 + " " + "y" * 500_000)) > 999_000


def test_the_request_ends_with_what_was_said_and_an_order_where_that_is_needed() -> None:
    request = ChatRequest((ChatMessage.of("user", "Where is Rome?"),))
    assert going_on(request, "", continues=False) is request
    assert going_on(request, "In", continues=True).messages[1:] == (ChatMessage.of("assistant", "In"),)
    assert [message.role for message in going_on(request, "In", continues=False).messages] == [
        "user",
        "assistant",
        "user",
    ]


def test_only_text_can_be_gone_on_with() -> None:
    messages = (ChatMessage.of("user", "Where is Rome?"),)
    assert can_go_on(ChatRequest(messages)) and can_go_on(ChatRequest(messages, tool_choice="none"))
    assert not can_go_on(ChatRequest(messages, schema={}))
    assert not can_go_on(ChatRequest(messages, grammar='root ::= "a"'))
    assert not can_go_on(ChatRequest(messages, logprobs=0))
    assert not can_go_on(ChatRequest(messages, tool_choice="required"))
