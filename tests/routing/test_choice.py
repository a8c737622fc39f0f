"""Who answers: by what the request holds, by plugins, by the order of the configuration."""

from typing import Any

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
from assistant.routing import Health, Route, Routing

TEXT = ChatRequest((ChatMessage.of("user", "Hello?"),))
IMAGE = ChatRequest((ChatMessage("user", (ImagePart(Image(b"", "image/png")),)), *TEXT.messages))
SOUND = ChatRequest((ChatMessage("user", (AudioPart(AudioChunk(b"", SPEECH)),)),))
BOTH = ChatRequest((*IMAGE.messages, *SOUND.messages))

PLAIN = Candidate("plain", Capabilities())
SEES = Candidate("sees", Capabilities(inputs=frozenset({"text", "image"})))
ALL = Candidate("all", Capabilities(inputs=frozenset({"text", "image", "audio"})))
DEAF = Candidate("odd", Capabilities(inputs=frozenset({"audio"})))


def asked(request: ChatRequest, candidates: list[Candidate], **how: Any) -> tuple[str, ...]:
    route = Route(tuple((one.id,) for one in candidates))
    return Routing(Health(lambda: 0.0)).decide(route, candidates, request, **how).models


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
    assert asked(request_, candidates)[0] == wanted


def test_a_plugin_chooses_among_those_that_fit() -> None:
    offered: list[tuple[Candidate, ...]] = []

    def last(request: ChatRequest, candidates: tuple[Candidate, ...]) -> str:
        offered.append(candidates)
        return candidates[-1].id

    assert asked(IMAGE, [PLAIN, SEES, ALL], ask_plugins=last) == ("all", "sees")
    assert offered == [(SEES, ALL)]


def test_where_nobody_fits_the_error_names_what_is_missing_and_who_was_asked() -> None:
    with pytest.raises(EngineError, match="no chat model takes image, text: plain, odd cannot") as error:
        asked(IMAGE, [PLAIN, DEAF])
    assert error.value.hint
