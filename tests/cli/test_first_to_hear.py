"""A recording on the command line, where an assistant has several recognisers."""

import pytest

from assistant import AudioError, ConfigError, EngineUnavailable, Transcript
from assistant.cli.transcribe import first_to_hear


async def test_the_next_hears_where_one_fails(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    async def hear(model: str) -> Transcript:
        asked.append(model)
        if model == "file":
            raise AudioError("that is no sound")
        if model.startswith("pc/"):
            raise EngineUnavailable(f"{model} is asleep")
        return Transcript("Hello.", "en")

    assert (await first_to_hear(["pc/ear", "stt"], hear)).text == "Hello."
    assert capsys.readouterr().err == "pc/ear is asleep; stt hears in its place\n"
    with pytest.raises(EngineUnavailable, match="pc/b is asleep"):
        await first_to_hear(["pc/a", "pc/b"], hear)
    with pytest.raises(AudioError):
        await first_to_hear(["file", "stt"], hear)
    assert asked == ["pc/ear", "stt", "pc/a", "pc/b", "file"]
    with pytest.raises(ConfigError, match="only written to"):
        await first_to_hear([], hear)
