"""`assistant paraphrases`: list and forget what was learnt, also beside a daemon that has the database open."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.cli import Settings
from assistant.cli.paraphrases import paraphrases
from assistant.errors import ServiceError
from assistant.state import State, state_file


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    runner = CliRunner()

    def invoke(*arguments: str) -> str:
        result = runner.invoke(paraphrases, arguments, obj=Settings(None, False), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return invoke


async def learn(*texts: str) -> None:
    async with State(state_file()) as state:
        for text in texts:
            await state.paraphrases.learn(text, "en", "turn off the light")


def test_nothing_was_learnt(run) -> None:
    assert run("list") == "nothing was learnt yet\n"


def test_what_was_learnt_is_listed_the_newest_first_and_forgotten_by_its_words(run) -> None:
    asyncio.run(learn("kill the light", "lights out"))
    lines = run("list").splitlines()
    assert [line.split("  ")[0] for line in lines[-2:]] == ["lights out", "kill the light"]
    assert run("forget", "Kill the light!") == "forgotten: 1\n"
    assert [each["text"] for each in json.loads(run("list", "--json"))] == ["lights out"]
    assert run("forget", "--all") == "forgotten: 1\n"
    assert json.loads(run("list", "--json")) == []


def test_what_was_never_learnt_cannot_be_forgotten(run) -> None:
    with pytest.raises(ServiceError, match="nothing was learnt of 'hello'"):
        run("forget", "hello")


def test_it_is_forgotten_beside_a_daemon_and_no_byte_of_it_stays(run, tmp_path: Path) -> None:
    async def beside() -> None:
        async with State(state_file()) as daemon:
            await daemon.paraphrases.learn("a secret way to say it", "en", "turn off the light")
            await asyncio.to_thread(run, "forget", "a secret way to say it")
            assert await daemon.paraphrases.find("a secret way to say it", "en") is None

    asyncio.run(beside())
    assert not any(b"a secret way" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


async def test_a_thousand_are_kept(run) -> None:
    async with State(state_file()) as state:
        await learn(*(f"sentence {n}" for n in range(1003)))
        kept = await state.paraphrases.all()
        assert len(kept) == 1000 and kept[0].text == "sentence 1002" and kept[-1].text == "sentence 3"
