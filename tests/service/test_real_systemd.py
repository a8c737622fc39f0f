"""The system service under a real systemd: ready, a turn, killed, hanging, misconfigured, stopped, taken away."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.paths import models_folder
from assistant.service.places import CURRENT, STATE, SYSTEM_UNIT
from assistant.soundcard import sound_card
from assistant.testing import silence
from tests.e2e.test_recordings import spoken
from tests.running import CONFIG, Home, settled
from tests.service.conftest import ASSISTANT, OFFLINE, PYTHON, SYSTEM, Installed
from tests.test_daemon import SLOW, STUCK

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
FAULTS = """
import asyncio, time
from aiohttp import web
from assistant import hookimpl

@hookimpl
def assistant_routes(host):
    async def turn(request):
        return web.json_response((await host.run_turn("Hello?")).text)

    async def loop(request):
        time.sleep(10_000)

    async def thread(request):
        host.equipment.light.submit(time.sleep, 10_000)
        return web.json_response("it sleeps")

    return [web.get("/turn", turn), web.get("/loop", loop), web.get("/thread", thread)]
"""
WATCHED = "WatchdogSec=4s\nTimeoutAbortSec=10s"


def test_it_is_ready_when_its_engines_are_and_says_what_it_does_until_then(installed: Installed) -> None:
    gate = STATE / "gate"
    section = f"models: {{slow: {{engine: slow, gate: {gate}}},"
    installed.configure(CONFIG.replace("models:\n  {", f"{section}\n  ", 1), slow=SLOW)
    box = installed.box
    box.must("systemctl", "start", "--no-block", "inglenook")
    installed.until(lambda: "opening slow (slow)" in box.show("StatusText")[0])
    assert box.show("ActiveState") == ["activating"]
    box.path(gate).touch()
    installed.until(lambda: box.show("ActiveState") == ["active"])
    assert box.show("StatusText", "NRestarts") == ["ready", "0"]
    assert json.loads(installed.ask("/readyz"))["status"] == "ready"


def test_it_answers_and_comes_back_when_it_is_killed(installed: Installed) -> None:
    installed.configure(faults=FAULTS)
    installed.start()
    assert json.loads(installed.ask("/plugins/faults/turn")) == "Hello there."
    before, user = installed.box.show("MainPID", "User")
    assert user == "inglenook"
    installed.box.must("systemctl", "kill", "--signal=KILL", "inglenook")
    installed.again(before)
    assert installed.box.show("NRestarts") == ["1"]
    assert json.loads(installed.ask("/plugins/faults/turn")) == "Hello there."


@pytest.mark.parametrize("fault", ["loop", "thread"])
def test_it_comes_back_when_it_hangs(installed: Installed, fault: str) -> None:
    installed.configure(faults=FAULTS, unit=WATCHED)
    installed.start()
    (before,) = installed.box.show("MainPID")
    with suppress(TimeoutError):
        installed.ask(f"/plugins/faults/{fault}", timeout=1.0)
    installed.again(before)
    said = installed.box.journal("--output=cat")
    assert "Watchdog timeout" in said
    assert "data/plugins/faults.py" in said or fault == "thread"  # the stack of what hung
    assert json.loads(installed.ask("/plugins/faults/turn")) == "Hello there."


def test_a_configuration_that_cannot_be_used_is_not_tried_again(installed: Installed) -> None:
    installed.configure("devises: {}\n")
    box = installed.box
    assert box.run("systemctl", "start", "inglenook").returncode != 0
    assert box.show("ActiveState", "ExecMainStatus", "NRestarts") == ["failed", "78", "0"]
    assert "devises" in box.journal("--output=cat")
    status = box.run(ASSISTANT, "service", "status")
    assert (status.returncode, "failed" in status.stdout) == (3, True)


def test_it_stops_in_time_although_an_engine_is_stuck_in_a_native_call(installed: Installed) -> None:
    installed.configure(CONFIG.replace("models:\n  {", "models:\n  {stuck: {engine: stuck}, ", 1), stuck=STUCK)
    box = installed.box
    box.must("systemctl", "start", "--no-block", "inglenook")
    installed.until(lambda: "opening stuck (stuck)" in box.show("StatusText")[0])
    box.must("systemctl", "stop", "inglenook")
    assert box.show("TimeoutStopUSec", "ActiveState", "Result") == ["10s", "inactive", "success"]


def test_the_journal_gets_fields(installed: Installed) -> None:
    pytest.importorskip("systemd.journal", reason="systemd-python is not installed")
    installed.configure()
    installed.start()
    (pid,) = installed.box.show("MainPID")
    entries = [json.loads(line) for line in installed.box.journal(f"_PID={pid}", "--output=json").splitlines()]
    opened = next(entry for entry in entries if entry["MESSAGE"] == "model stt is open (fake-stt)")
    assert opened["LOGGER"] == "assistant.models.pool"
    assert (opened["PRIORITY"], opened["TASK"], opened["SYSLOG_IDENTIFIER"]) == ("6", "engine stt", "inglenook")


@pytest.mark.skipif(not models_folder().is_dir(), reason="no models are here: assistant models pull --default")
async def test_a_spoken_turn_goes_through_a_sound_device(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(installed.outside))
    async with sound_card() as card, card.record(tmp_path / "reply.wav"):
        question = [*await spoken("Hey Jarvis!"), silence(0.3), *await spoken("What is the capital of Italy?")]
        (folder,) = installed.outside.iterdir()
        folder.chmod(0o755)
        variables = [
            f"{name}={value}".replace(str(folder), f"/run/outside/{folder.name}")
            for name, value in card.environment.items()
        ]
        installed.configure(
            (ROOT / "config" / "demo.yaml").read_text() + "http: {port: 0}\nlog: {level: info}\n",
            unit=f"Environment={' '.join(variables)}",
        )
        installed.start()
        assert installed.box.show("StatusText") == ["ready"]
        await card.speak([silence(0.5), *question])
        command = (f"{CURRENT}/bin/assistant", "receipts", "--json")

        def turn() -> dict[str, object] | None:
            receipts = json.loads(installed.box.must(*command, variables={"INGLENOOK_HOME": str(STATE)}))
            return receipts[0] if receipts else None

        assert settled(turn)["outcome"] == "answered"
        installed.box.must("systemctl", "stop", "inglenook")


def test_a_person_with_a_sound_server_gets_a_service_of_their_own(installed: Installed) -> None:
    box = installed.box
    box.must("useradd", "--create-home", "person")
    (number,) = box.must("id", "-u", "person").split()
    bus = {"XDG_RUNTIME_DIR": f"/run/user/{number}", "HOME": "/home/person", "INGLENOOK_HOME": "/home/person/house"}
    Home(box.path("/home/person/house")).write()
    box.must("chown", "-R", "person:", "/home/person")

    def person(*command: str) -> str:
        return box.must("setpriv", "--reuid=person", "--regid=person", "--init-groups", *command, variables=bus)

    box.must("systemctl", "start", f"user@{number}.service")  # as a login does
    if box.run("systemctl", "--user", "--machine=person@", "is-active", "pipewire-pulse.socket").returncode:
        pytest.skip("no sound server is installed here that sessions start by themselves")
    printed = person(ASSISTANT, "service", "install", "--yes", "--linger")
    assert "user service: a session's sound server has the microphone" in printed
    assert box.path("/var/lib/systemd/linger/person").exists()
    person("systemctl", "--user", "start", "inglenook")  # waits until it is ready
    status = json.loads(person(ASSISTANT, "service", "status", "--json"))
    mine = next(each for each in status if each["kind"] == "user")
    assert (mine["active"], mine["says"], mine["boot"]) == ("active (running)", "ready", "enabled")
    person(ASSISTANT, "service", "uninstall", "--user", "--yes")
    assert not box.path("/home/person/.config/systemd/user/inglenook.service").exists()


def test_an_installation_can_be_repeated_and_taken_away(installed: Installed) -> None:
    box = installed.box
    for line in ("systemd 2", "system service: as you asked", f"write   {SYSTEM_UNIT}", f"{SYSTEM_UNIT}: done"):
        assert line in installed.printed
    assert box.run("systemd-analyze", "verify", str(SYSTEM_UNIT)).stderr == ""
    assert f"{SYSTEM_UNIT}: as it was" in box.must(*SYSTEM, variables=OFFLINE)
    (box.path(STATE) / "mine").touch()
    box.must(ASSISTANT, "service", "uninstall", "--yes")
    assert not box.path(SYSTEM_UNIT).exists()
    assert not box.path("/opt/inglenook").exists()
    assert (box.path(STATE) / "mine").exists()
    status = box.run(ASSISTANT, "service", "status")
    assert (status.returncode, "no service is installed" in status.stdout) == (3, True)
    box.must(ASSISTANT, "service", "uninstall", "--yes", "--purge")
    assert not box.path(STATE).exists()


def test_install_sh_says_what_it_will_do_and_does_it(installed: Installed) -> None:
    box, script = installed.box, str(ROOT / "install.sh")
    box.run(ASSISTANT, "service", "uninstall", "--yes", "--purge")
    installed.configure(unit="Environment=PYTHONPATH=/opt/site-packages", user="root")
    options = ["--system", "--from", str(ROOT)]
    variables = OFFLINE | {"PYTHON": PYTHON, "PYTHONPATH": "/opt/site-packages", "HOME": "/root"}
    planned = box.must(script, *options, "--dry-run", variables=variables)
    for line in ("as a system service: as you asked", "-m venv /opt/inglenook/versions/", "service install --system"):
        assert line in planned
    assert not box.path("/opt/inglenook").exists()
    assert "nobody to ask" in box.run("setsid", script, *options, variables=variables).stderr
    box.must(script, *options, "--yes", variables=variables)
    installed.until(lambda: box.show("StatusText") == ["ready"])
    (environment,) = box.path("/opt/inglenook/versions").iterdir()
    assert box.path(CURRENT).readlink().name == environment.name
