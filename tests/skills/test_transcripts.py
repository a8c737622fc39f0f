"""Commands in the spelling of Whisper, understood in four languages."""

from pathlib import Path

import pytest
import yaml

from assistant.chat import Priority
from assistant.pipeline.ladder import understood
from assistant.pipeline.question import Question
from tests.skills.household import LANGUAGES, household

TRANSCRIPTS = yaml.safe_load(Path(__file__).with_name("transcripts.yaml").read_text("utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_whisper_writes_is_understood(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    found = {}
    async with household(tmp_path) as house:
        turn = house.assembly.turn(language, "room", Priority.API)
        async with house.assembly.equipment.conversations.turn("nobody") as conversation:
            for text in (text for texts in TRANSCRIPTS[language].values() for text in texts):
                plan = await understood(Question(turn.request(conversation, text), language, conversation), turn)
                found[text] = plan.intent if plan else ""
    wanted = {text: intent for intent, texts in TRANSCRIPTS[language].items() for text in texts}
    assert len(wanted) > 30
    assert found == wanted


async def test_what_could_not_be_answered_is_left_to_the_chat_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    async with household(tmp_path) as house:
        assert await house.intent("Che ore sono?", "it") == "HassGetCurrentTime"
        turn = house.assembly.turn("en", "room", Priority.API)
        async with house.assembly.equipment.conversations.turn("nobody") as conversation:
            question = Question(turn.request(conversation, "Che ore sono?"), "it", conversation)
            assert await understood(question, turn) is None
