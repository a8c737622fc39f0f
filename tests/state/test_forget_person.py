"""What one person said is forgotten, and what others said is kept."""

import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.config.assistants import DeviceConfig
from assistant.entities import Entity
from assistant.home.ledger import Entry
from assistant.pipeline.conversation import Exchange
from assistant.state import State, migrations
from assistant.state.forgetting import Extent
from assistant.timers.timer import Timer
from tests.state.test_history import files_with
from tests.test_state import receipt

ANNA, BEN = "the key under Anna's flowerpot", "the ladder behind Ben's shed"
BEFORE_PERSONS = 10
"""Migrations there were before persons were noted."""


async def say(state: State, person: str, device: str, words: str) -> None:
    """Let a person say something of which every table keeps something."""
    turn, now = f"turn-{person}-{device}", time.time()
    state.history.keeping(3600)(Exchange(turn, now, device, "jarvis", words, words, person))
    state.receipts.keep(replace(receipt(1), turn=turn, started=now, device=device, person=person))
    thing = Entity("light.a", words)
    state.ledger.keep([Entry(turn, now, device, "light.turn_on", thing, thing)])
    await state.lists.add("shopping", [words], person)
    await state.paraphrases.learn(f"{words} {device}", "en", words, person)
    await state.timers.add(Timer(name=words, device=device, person=person, started=now))
    await state.history.latest()


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[State, None]:
    async with State(folder / "state" / "assistant.db") as state:
        yield state


async def test_one_is_forgotten_to_the_last_byte_and_the_other_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as state:
        await say(state, "anna", "desk", ANNA)
        await say(state, "ben", "shed", BEN)
        await say(state, "", "kitchen", "what nobody known said")
        assert files_with(tmp_path, ANNA)
        gone = await state.forget(Extent(person="anna"))
        assert (gone.exchanges, gone.receipts, gone.acts, gone.items, gone.paraphrases, gone.timers) == (1,) * 6
        assert not files_with(tmp_path, ANNA)
        assert {kept.said for kept in await state.history.latest()} == {BEN, "what nobody known said"}
        assert {kept.person for kept in await state.receipts.latest()} == {"ben", ""}
        assert {timer.person for timer in await state.timers.read()} == {"ben", ""}
        assert await state.lists.items("shopping") == (BEN, "what nobody known said")
        assert await state.ledger.latest("shed", 0)
        assert not await state.ledger.latest("desk", 0)
        assert len(await state.paraphrases.all()) == 2


async def test_a_persons_last_hours_alone_can_be_forgotten(tmp_path: Path) -> None:
    now = time.time()
    async with opened(tmp_path) as state:
        for turn, age in (("old", 9000), ("new", 60)):
            state.history.keeping(1e6)(Exchange(turn, now - age, "desk", "jarvis", turn, "", "anna"))
        assert (await state.forget(Extent(now - 3600, "anna"))).exchanges == 1
        assert [kept.turn for kept in await state.history.latest()] == ["old"]


@pytest.mark.parametrize("name", ["ann", "Anna", "%", "' OR 1 --", "anna' --", ""])
async def test_a_name_is_only_that_name(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path) as state:
        await say(state, "anna", "desk", ANNA)
        gone = await state.forget(Extent(time.time() + 60 if name == "" else 0.0, name))
        assert gone.exchanges == gone.timers == gone.acts == 0
        assert files_with(tmp_path, ANNA)


async def test_what_was_kept_before_persons_were_noted_is_known_by_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state" / "assistant.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as old:
        for statement in (s for step in migrations.MIGRATIONS[:BEFORE_PERSONS] for s in step.split(";")):
            old.execute(statement)
        rows = [("t1", time.time(), "desk", "jarvis", ANNA, ""), ("t2", time.time(), "shed", "jarvis", BEN, "")]
        old.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", rows)
        old.execute(f"PRAGMA user_version = {BEFORE_PERSONS}")
        old.commit()
    devices = {"desk": DeviceConfig(person="anna"), "shed": DeviceConfig(person="ben"), "hall": DeviceConfig()}
    extent = Extent.of(0.0, "anna", devices)
    assert extent.devices == ("desk",)
    async with opened(tmp_path) as state:
        [copy] = file.parent.glob("*.bak")
        gone = await state.forget(extent)
        assert (gone.exchanges, gone.files) == (1, (copy.name,))  # the copy cannot tell whose things are
        assert not files_with(tmp_path, ANNA)
        assert [kept.said for kept in await state.history.latest()] == [BEN]


async def test_a_device_that_was_anothers_does_not_give_away_what_that_one_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as state:
        await say(state, "ben", "desk", BEN)
        gone = await state.forget(Extent(0.0, "anna", ("desk",)))
        assert (gone.exchanges, gone.receipts, gone.acts, gone.timers) == (0, 0, 0, 0)
