"""Who answers: by what the request holds, by plugins, by the order of the configuration."""

import pytest

from assistant import (
    AudioChunk,
    AudioPart,
    Candidate,
    Capabilities,
    ChatMessage,
    ChatRequest,
    EngineError,
    Image,
    ImagePart,
)
from assistant.audio import SPEECH
from assistant.pipeline.router import route

TEXT = ChatRequest((ChatMessage.of("user", "Hello?"),))
IMAGE = ChatRequest((ChatMessage("user", (ImagePart(Image(b"", "image/png")),)), *TEXT.messages))
SOUND = ChatRequest((ChatMessage("user", (AudioPart(AudioChunk(b"", SPEECH)),)),))
BOTH = ChatRequest((*IMAGE.messages, *SOUND.messages))

PLAIN = Candidate("plain", Capabilities())
SEES = Candidate("sees", Capabilities(inputs=frozenset({"text", "image"})))
ALL = Candidate("all", Capabilities(inputs=frozenset({"text", "image", "audio"})))
DEAF = Candidate("odd", Capabilities(inputs=frozenset({"audio"})))


def nobody(request: ChatRequest, candidates: tuple[Candidate, ...]) -> None:
    return None


@pytest.mark.parametrize(
    ("request_", "candidates", "wanted"),
    [
        (TEXT, [PLAIN, SEES], "plain"),
        (TEXT, [SEES, PLAIN], "sees"),
        (TEXT, [DEAF, PLAIN], "plain"),
        (IMAGE, [PLAIN, SEES, ALL], "sees"),
        (SOUND, [PLAIN, SEES, ALL], "all"),
        (BOTH, [PLAIN, SEES, ALL], "all"),
    ],
)
def test_the_first_that_takes_what_the_request_holds_answers(
    request_: ChatRequest, candidates: list[Candidate], wanted: str
) -> None:
    assert route(request_, candidates, nobody)[0] == wanted


def test_a_plugin_chooses_among_those_that_fit() -> None:
    asked: list[tuple[Candidate, ...]] = []

    def last(request: ChatRequest, candidates: tuple[Candidate, ...]) -> str:
        asked.append(candidates)
        return candidates[-1].id

    assert route(IMAGE, [PLAIN, SEES, ALL], last) == ("all", "sees")
    assert asked == [(SEES, ALL)]


def test_where_nobody_fits_the_error_names_what_is_missing_and_who_was_asked() -> None:
    with pytest.raises(EngineError, match="no chat model takes image, text: plain, odd cannot") as error:
        route(IMAGE, [PLAIN, DEAF], nobody)
    assert error.value.hint
