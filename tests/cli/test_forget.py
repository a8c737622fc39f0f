"""`assistant forget` with and without a daemon, and what a daemon keeps of what was said."""

from contextlib import nullcontext

import pytest

from tests.running import CONFIG, Home
from tests.state.test_history import files_with

ANSWER = "Hello there."
"""What the chat model of the tests says."""
KEPT = CONFIG + "history: {keep: 7d}\n"
TURNS = """
from aiohttp import web
from assistant import hookimpl

@hookimpl
def assistant_routes(host):
    async def turn(request):
        answer = await host.run_turn(request.query["say"])
        return web.json_response({"text": answer.text})
    return [web.get("/turn", turn)]
"""
SAID = "/plugins/turns/turn?say=flowerpot%20and%20key"
SECRET = "flowerpot and key"


def test_a_turn_leaves_nothing_of_its_content_by_default(house: Home) -> None:
    house.write(CONFIG, turns=TURNS)
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.ask(SAID) == (200, {"text": ANSWER})
        assert daemon.ask(SAID, key=False)[0] == 401
        assert daemon.stop() == 0
        assert "listening on" in daemon.log
    assert not files_with(house.folder / "state", SECRET, ANSWER)
    assert not files_with(house.folder / "cache", SECRET, ANSWER)
    assert SECRET not in daemon.log
    assert ANSWER not in daemon.log
    assert len(house.json("receipts")) == 1


def test_the_log_shows_no_content_even_where_it_shows_everything(house: Home) -> None:
    house.write(KEPT, turns=TURNS)
    with house.daemon("--debug") as daemon:
        daemon.ready()
        assert daemon.ask(SAID)[0] == 200
        assert daemon.stop() == 0
    assert "DEBUG" in daemon.log
    assert SECRET not in daemon.log
    assert ANSWER not in daemon.log


def test_a_running_daemon_forgets(house: Home) -> None:
    house.write(KEPT, turns=TURNS)
    with house.daemon() as daemon:
        daemon.ready()
        for _ in range(3):
            assert daemon.ask(SAID)[0] == 200
        assert len(house.json("receipts")) == 3
        assert files_with(house.folder / "state", SECRET)
        forgotten = house.json("forget", "--since", "1h")
        none = dict.fromkeys(("paraphrases", "items", "timers", "acts"), 0)
        assert forgotten == {"exchanges": 3, "receipts": 3, **none, "files": []}
        assert not files_with(house.folder / "state", SECRET, ANSWER)
        assert house.json("receipts") == []
        assert daemon.ask(SAID)[0] == 200
        assert daemon.stop() == 0
    assert files_with(house.folder / "state", SECRET)
    done = house.run("forget", "--all")
    assert done.stdout == (
        "forgotten: 1 things said, 1 receipts, 0 paraphrases, 0 things on lists, 0 timers and reminders, "
        "0 acts in the house\n"
    )
    assert not files_with(house.folder / "state", SECRET, ANSWER)


def test_what_was_kept_goes_with_the_setting(house: Home) -> None:
    house.write(KEPT)
    assert house.run("ask", SECRET).returncode == 0
    assert files_with(house.folder / "state", SECRET)
    house.write(CONFIG)
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.stop() == 0
    assert not files_with(house.folder / "state", SECRET, ANSWER)


def test_what_to_forget_must_be_said(house: Home) -> None:
    for options in ([], ["--since", "1h", "--all"], ["--since", "soon"], ["--since", "-1h"]):
        assert house.run("forget", *options).returncode == 2
    house.write(CONFIG + "history: {keep: for ever}\n")
    done = house.run("run")
    assert done.returncode == 78
    assert "history.keep" in done.stderr


@pytest.mark.parametrize("running", [False, True])
def test_one_person_is_forgotten(house: Home, running: bool) -> None:
    house.write(KEPT, turns=TURNS)
    assert house.run("ask", SECRET).returncode == 0
    with house.daemon() if running else nullcontext() as daemon:
        if daemon:
            daemon.ready()
            assert daemon.ask("/plugins/turns/turn?say=somebody%20else")[0] == 200  # nobody known
            assert len(house.json("receipts")) == 2
        done = house.run("forget", "--person", "owner")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("forgotten: 1 things said, 1 receipts, ")
        assert not files_with(house.folder / "state", SECRET)
        assert len(house.json("receipts")) == (1 if running else 0)


def test_a_person_whom_nobody_knows_is_refused(house: Home) -> None:
    house.write(KEPT)
    done = house.run("forget", "--person", "Anna")
    assert done.returncode == 2
    assert "nobody is called 'Anna' here; known: owner" in done.stderr
