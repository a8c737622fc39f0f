"""What a program means when it names a model."""

import pytest

from assistant import ChatMessage, ChatRequest, Kind, Sampling, UnknownModel
from assistant.config.doors import AliasConfig
from assistant.engines import Capabilities
from assistant.host import ModelStatus
from assistant.serving import Names

MODELS = [
    ModelStatus(id_, kind, "fake", Capabilities(), "open")
    for id_, kind in (("small", Kind.CHAT), ("big", Kind.CHAT), ("ears", Kind.STT))
]
NAMES = Names(lambda: MODELS, {"gpt-4o-mini": AliasConfig(model="big", temperature=0.2, max_tokens=99)})


@pytest.mark.parametrize(
    ("name", "model"),
    [("big", "big"), ("big:latest", "big"), ("gpt-4o-mini", "big"), ("gpt-4o-mini:latest", "big"), ("", "small")],
)
def test_a_model_has_its_id_and_its_aliases(name: str, model: str) -> None:
    assert NAMES.find(name, Kind.CHAT).model == model


@pytest.mark.parametrize("name", ["ears", "BIG", "gpt-4o", "../small", "small\0", ":latest", "big:latest:latest", "é"])
def test_what_is_not_there_is_not_guessed(name: str) -> None:
    with pytest.raises(UnknownModel, match="no chat model") as error:
        NAMES.find(name, Kind.CHAT)
    assert error.value.hint == "there are: small, big, gpt-4o-mini"


def test_where_there_is_none_of_a_kind_the_first_is_none() -> None:
    with pytest.raises(UnknownModel):
        NAMES.find("", Kind.TTS)


def test_an_alias_fills_what_a_request_leaves_open() -> None:
    named = NAMES.find("gpt-4o-mini", Kind.CHAT)
    request = ChatRequest((ChatMessage.of("user", "Hi."),), sampling=Sampling(top_p=0.5), max_tokens=7)
    assert named.filled(request, cut=False).sampling == Sampling(temperature=0.2, top_p=0.5)
    assert named.filled(request, cut=False).max_tokens == 99
    assert named.filled(request, cut=True).max_tokens == 7
    asked = ChatRequest(request.messages, sampling=Sampling(temperature=1.5))
    assert named.filled(asked, cut=False).sampling.temperature == 1.5
    assert NAMES.find("big", Kind.CHAT).filled(request, cut=False) == request


def test_every_name_is_told_once() -> None:
    assert list(NAMES.every()) == ["small", "big", "ears", "gpt-4o-mini"]
    assert NAMES.every()["gpt-4o-mini"].id == "big"
