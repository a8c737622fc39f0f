"""What is done to the house is read back; what is said of it is true; it can be taken back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.entities import Act, Entity
from assistant.home import Home
from assistant.home.words import told
from assistant.state import State
from assistant.state.forgetting import ALL
from assistant.testing import run_in_virtual_time
from tests.home.house import House

OFFICE = ("light.office_ceiling", "light.desk_lamp")
OFF = Act("light.turn_off", OFFICE)


def acted(house: House, *acts: Act) -> tuple[dict[str, str], str]:
    """Return what came of each thing, and what is said, in virtual time."""

    async def act() -> tuple[dict[str, str], str]:
        home = Home()
        async with home.attached(house):
            outcomes = await home.act(*acts)
        return {outcome.entity.id: outcome.result for outcome in outcomes}, told(outcomes, "en")

    return run_in_virtual_time(act())


def test_what_obeys_is_done() -> None:
    assert acted(House(), OFF) == (dict.fromkeys(OFFICE, "done"), "Ceiling lamp and Desk lamp are off.")


def test_what_takes_a_while_is_waited_for() -> None:
    house = House()
    house.delay = 2.5
    assert set(acted(house, OFF)[0].values()) == {"done"}


def test_what_stays_silent_is_told_by_its_name() -> None:
    house = House()
    house.silent = {"light.desk_lamp"}
    results, said = acted(house, OFF)
    assert results == {"light.office_ceiling": "done", "light.desk_lamp": "silent"}
    assert said == "Ceiling lamp is off; Desk lamp did not answer."


def test_an_error_is_no_success_and_hides_none() -> None:
    house = House()
    house.refuses = {"light.desk_lamp"}
    assert acted(house, OFF)[1] == "Ceiling lamp is off; Desk lamp reported an error."


def test_what_is_so_already_is_not_told() -> None:
    house = House()
    results, said = acted(house, Act("light.turn_off", ("light.kitchen_ceiling",)))
    assert (results, house.calls) == ({"light.kitchen_ceiling": "already"}, [])
    assert said == "Ceiling lamp is already off."


def test_a_hub_that_is_away_is_said_to_be() -> None:
    house = House()
    house.away = True
    assert acted(house, OFF) == (dict.fromkeys(OFFICE, "unreachable"), "I cannot reach Ceiling lamp and Desk lamp.")


def test_a_hub_that_goes_while_it_acts_leaves_nothing_claimed() -> None:
    class Leaving(House):
        async def call(self, act: Act) -> None:
            await super().call(act)
            self.away = True

    assert set(acted(Leaving(), OFF)[0].values()) == {"unseen"}


def test_what_vanishes_while_it_is_told_is_unavailable() -> None:
    class Vanishing(House):
        async def call(self, act: Act) -> None:
            self.gone("light.desk_lamp")

    results, _ = acted(Vanishing(), Act("light.turn_off", ("light.desk_lamp",)))
    assert results == {"light.desk_lamp": "unavailable"}


def test_what_nothing_leads_to_is_unavailable() -> None:
    assert acted(House(), Act("light.turn_off", ("light.attic",)))[0] == {"light.attic": "unavailable"}


def test_a_cover_that_moves_has_begun() -> None:
    house = House()
    house.moves = {"cover.blind"}
    results, said = acted(house, Act("cover.close_cover", ("cover.blind",)))
    assert (results, said) == ({"cover.blind": "begun"}, "Blind is closing.")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Act("light.turn_on", ("light.desk_lamp",), {"brightness_pct": 40}), "Desk lamp is at 40 percent."),
        (Act("light.turn_on", ("light.desk_lamp",), {"rgb_color": [0, 0, 255]}), "Desk lamp is on."),
        (Act("cover.set_cover_position", ("cover.blind",), {"position": 30}), "Blind is at 30 percent."),
        (Act("media_player.volume_set", ("media_player.radio",), {"volume_level": 0.2}), "Radio is at 20 percent."),
    ],
)
def test_numbers_and_colours_are_read_back(act: Act, said: str) -> None:
    assert acted(House(), act)[1] == said
    silent = House()
    silent.silent = set(act.entities)
    assert acted(silent, act)[1].endswith("did not answer.")


@pytest.mark.parametrize(
    ("attributes", "result"),
    [({"media_title": "Two"}, "done"), ({"media_position": 61}, "silent")],
)
def test_a_track_is_skipped_where_another_plays(attributes: dict[str, object], result: str) -> None:
    class Player(House):
        def _obey(self, id_: str, act: Act) -> None:
            thing = self.things[id_]
            self.things[id_] = replace(thing, attributes={**thing.attributes, **attributes})

    playing = {"media_title": "One", "media_position": 60}
    player = Entity("media_player.radio", "Radio", state="playing", attributes=playing)
    skip = Act("media_player.media_next_track", (player.id,))
    assert acted(Player(player), skip)[0] == {player.id: result}
    mute = replace(player, attributes={})
    assert acted(Player(mute), skip)[0] == {player.id: "unseen"}


@pytest.mark.parametrize(("refuses", "result"), [(False, "unseen"), (True, "refused")])
@pytest.mark.parametrize("state", ["on", "off"])
def test_a_state_that_is_only_assumed_is_no_receipt(state: str, refuses: bool, result: str) -> None:
    kettle = Entity("switch.kettle", "Kettle", state=state, attributes={"assumed_state": True})
    house = House(kettle)
    house.refuses = {kettle.id} if refuses else set()
    results, said = acted(house, Act("switch.turn_on", (kettle.id,)))
    assert [call.service for call in house.calls] == ["switch.turn_on"]  # it may not be on, whatever is assumed
    assert results == {kettle.id: result}
    assert said in ("I told Kettle, but cannot see whether it obeyed.", "Kettle reported an error.")


def test_nothing_is_claimed_of_what_shows_nothing() -> None:
    assert acted(House(), Act("light.flash", ("light.desk_lamp",)))[0] == {"light.desk_lamp": "unseen"}


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with State(tmp_path / "assistant.db") as state:
        yield state


async def test_what_was_done_is_taken_back_to_what_it_was(state: State) -> None:
    house, home = House(), Home(state.ledger)
    async with home.attached(house):
        before = dict(house.things)
        await home.act(Act("light.turn_on", OFFICE, {"brightness_pct": 10}), turn="1", device="room")
        assert (undo := home.undos.take("room")) is not None
        assert await undo("en") == "Ceiling lamp and Desk lamp are on."
        assert house.things == before
        assert home.undos.take("room") is None  # taking back is not taken back
        assert await home.last_done("room") is None


async def test_it_is_known_after_a_restart_and_only_where_it_was_done(state: State) -> None:
    house = House()
    async with (home := Home(state.ledger)).attached(house):
        await home.act(OFF, turn="1", device="room")
    async with (home := Home(state.ledger)).attached(house):
        assert await home.last_done("kitchen") is None
        assert (undo := await home.last_done("room")) is not None
        assert await undo("de") == "Ceiling lamp und Desk lamp sind an."
    assert {house.things[id_].state for id_ in OFFICE} == {"on"}


async def test_taking_back_is_read_back_too(state: State) -> None:
    house, home = House(), Home(state.ledger)
    async with home.attached(house):
        await home.act(OFF, turn="1", device="room")
        house.refuses = {"light.desk_lamp"}
        assert (undo := home.undos.take("room")) is not None
        assert await undo("en") == "Ceiling lamp is on; Desk lamp reported an error."


async def test_what_cannot_be_taken_back_says_so(state: State) -> None:
    house, home = House(), Home(state.ledger)
    async with home.attached(house):
        await home.act(Act("lock.unlock", ("lock.front",)), turn="1", device="room")
        assert (undo := home.undos.take("room")) is not None
        assert await undo("en") == "What Front door did cannot be undone."
        assert [call.service for call in house.calls] == ["lock.unlock"]


async def test_what_would_let_somebody_in_is_not_taken_back(state: State) -> None:
    house, home = House(), Home(state.ledger)
    house.things["cover.garage"] = replace(house.things["cover.garage"], state="open")
    async with home.attached(house):
        await home.act(Act("cover.close_cover", ("cover.garage",)), turn="1", device="room")
        assert (undo := home.undos.take("room")) is not None
        assert await undo("en") == "What Garage door did cannot be undone."
        assert [call.service for call in house.calls] == ["cover.close_cover"]


async def test_the_ledger_is_forgotten_and_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.state.ledger._MOST", 3)
    house, home = House(), Home(state.ledger)
    async with home.attached(house):
        for turn in range(6):
            act = Act("switch.turn_on" if turn % 2 == 0 else "switch.turn_off", ("switch.kettle",))
            await home.act(act, turn=str(turn), device="room")
        assert len(await state._database.read(lambda c: c.execute("SELECT * FROM ledger").fetchall())) == 3
        assert await home.last_done("room") is not None
        await state.forget(ALL)
        assert await home.last_done("room") is None
