"""What made a turn slow: the longest wait first, with the setting that decides about it."""

import msgspec
import pytest

from assistant import Usage
from assistant.config import AssistantConfig, DraftConfig
from assistant.pipeline.reasons import reasons
from assistant.pipeline.receipt import Drafting, Receipt

MODELS = {"stt": "ears", "chat": "brain", "tts": "voice"}


def receipt(parts: dict[str, float], certainty: float | None = None, *, hit: bool = True, begun: int = 1) -> Receipt:
    usage = Usage(100, 80, 20)
    return Receipt(
        "t", 0.0, "room", "jarvis", "answered", "", 0.0, MODELS, parts, usage, {}, Drafting(begun, hit), certainty
    )


def test_the_longest_wait_comes_first_and_none_is_left_out() -> None:
    parts = {"endpoint": 0.4, "transcript": 0.0, "first_token": 0.9, "first_clause": 0.1, "first_audio": 0.2}
    found = reasons(receipt(parts), AssistantConfig())
    assert [reason.stage for reason in found] == ["first_token", "endpoint", "first_audio", "first_clause"]
    assert sum(reason.seconds for reason in found) == pytest.approx(sum(parts.values()))
    assert [reason.setting for reason in found if reason.stage != "endpoint"] == [
        "models.brain",
        "models.voice",
        "models.brain",
    ]
    assert "20 of 100 tokens" in found[0].advice


@pytest.mark.parametrize(
    ("certainty", "turn", "setting"),
    [
        (None, "", "turn"),
        (None, "turn", "endpoint.silence"),
        (0.95, "turn", "endpoint.shortest"),
        (0.3, "turn", "endpoint.longest"),
    ],
)
def test_the_endpoint_names_the_setting_that_made_it_wait(certainty: float | None, turn: str, setting: str) -> None:
    [reason] = reasons(receipt({"endpoint": 0.7}, certainty), AssistantConfig(turn=turn))
    assert reason.setting == f"assistants.jarvis.{setting}"
    section: object = AssistantConfig()
    for key in setting.split("."):  # the key exists
        section = msgspec.structs.asdict(section)[key]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempts", "begun", "says"), [(0, 1, "switched off"), (2, 3, "more pauses than drafts"), (4, 1, "not drafted")]
)
def test_a_miss_is_explained(attempts: int, begun: int, says: str) -> None:
    config = AssistantConfig(draft=DraftConfig(attempts=attempts))
    [reason] = reasons(receipt({"transcript": 0.2}, hit=False, begun=begun), config)
    assert says in reason.advice


def test_a_turn_without_a_wait_has_no_reason() -> None:
    assert reasons(receipt({}), AssistantConfig()) == []
