"""The daemon as a process: it answers at once, names what is not open, serves what plugins offer, ends when asked."""

import json
import signal
import socket
import urllib.request

import pytest

from tests.running import CONFIG, OPEN, Home, settled

SLOW = """
import asyncio, contextlib, pathlib
from assistant import Capabilities, EngineConfig, EngineSpec, Kind, hookimpl
from assistant.testing import FakeChat

class Config(EngineConfig, frozen=True, kw_only=True):
    gate: str = ""

@contextlib.asynccontextmanager
async def opened(config):
    while not pathlib.Path(config.gate).exists():
        await asyncio.sleep(0.02)
    yield FakeChat()

@hookimpl
def assistant_engines():
    return [EngineSpec(name="slow", kind=Kind.CHAT, config=Config, describe=lambda c: Capabilities(), open=opened)]
"""


def test_it_answers_before_engines_are_open_and_names_what_is_not(house: Home) -> None:
    gate = house.folder / "gate"
    house.write(CONFIG + "assistants: {jarvis: {chat: chat}}\nconversation: {}", slow=SLOW)
    house.variables["INGLENOOK__MODELS__SLOW"] = f"{{engine: slow, gate: {gate}}}"
    with house.daemon() as daemon:
        assert daemon.ask("/healthz", key=False) == (200, {"status": "alive"})
        status, body = daemon.ask("/readyz", key=False)
        assert (status, body["status"]) == (503, "not ready")
        assert body["not_open"]["model slow"] in ("opening", "closed")
        gate.touch()
        daemon.ready()
        assert daemon.ask("/readyz", key=False) == (200, {"status": "ready", "not_open": {}})
        daemon.logged("ready")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0_when_asked(house: Home, number: int) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.stop(number) == 0
        assert "Traceback" not in daemon.log


def test_it_ends_with_0_while_an_engine_is_being_opened(house: Home) -> None:
    house.write(CONFIG, slow=SLOW)
    house.variables["INGLENOOK__MODELS__SLOW"] = f"{{engine: slow, gate: {house.folder}/never}}"
    with house.daemon() as daemon:
        settled(lambda: True if daemon.ask("/readyz")[1]["not_open"].get("model slow") == "opening" else None)
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log


STUCK = """
import contextlib, time
from assistant import Capabilities, EngineConfig, EngineSpec, Kind, hookimpl, in_thread

class Config(EngineConfig, frozen=True, kw_only=True):
    pass

@contextlib.asynccontextmanager
async def opened(config):
    await in_thread(lambda: time.sleep(10_000))
    yield

@hookimpl
def assistant_engines():
    return [EngineSpec(name="stuck", kind=Kind.CHAT, config=Config, describe=lambda c: Capabilities(), open=opened)]
"""


@pytest.mark.parametrize("again", [False, True], ids=["asked once", "asked twice"])
def test_it_ends_although_an_engine_is_stuck_in_a_native_call(house: Home, again: bool) -> None:
    house.write(CONFIG + "assistants: {jarvis: {}}\n", stuck=STUCK)
    house.variables["INGLENOOK__MODELS__STUCK"] = "{engine: stuck}"
    with house.daemon() as daemon:
        settled(lambda: True if daemon.ask("/readyz")[1]["not_open"].get("model stuck") == "opening" else None)
        if again:
            daemon.process.terminate()
            daemon.logged("stopping")
        assert daemon.stop() == 0
        assert "is left" in daemon.log


def test_it_ends_while_somebody_reads_the_events(house: Home) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        request = urllib.request.Request(daemon.address + "/events", headers={"Authorization": f"Bearer {house.key}"})
        with OPEN(request) as events:
            assert events.readline().startswith(b":")
            assert daemon.stop() == 0
            assert events.read().strip() == b""
        assert "Traceback" not in daemon.log


BROKEN = """
import contextlib
from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelError, hookimpl
from assistant.testing import FakeChat

class Config(EngineConfig, frozen=True, kw_only=True):
    fault: str

def describe(config):
    if config.fault == "describe":
        raise ZeroDivisionError("no idea")
    return None if config.fault == "nothing" else Capabilities()

@contextlib.asynccontextmanager
async def opened(config):
    match config.fault:
        case "open":
            raise ZeroDivisionError("no engine")
        case "exit":
            raise SystemExit(5)
        case "model":
            raise ModelError("model.gguf is not here", hint="assistant models pull")
        case "kind":
            yield object()
        case "close":
            yield FakeChat()
            raise ZeroDivisionError("no end")

@hookimpl
def assistant_engines():
    return [EngineSpec(name="broken", kind=Kind.CHAT, config=Config, describe=describe, open=opened)]
"""


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("describe", "cannot describe itself: ZeroDivisionError: no idea"),
        ("nothing", "cannot describe itself: TypeError"),
        ("open", "ZeroDivisionError: no engine"),
        ("exit", "SystemExit: 5"),
        ("model", "model.gguf is not here"),
        ("kind", "opened no chat engine"),
    ],
)
def test_an_engine_that_fails_is_named_and_the_rest_runs(house: Home, fault: str, says: str) -> None:
    house.write(CONFIG, broken=BROKEN)
    house.variables["INGLENOOK__MODELS__OTHER"] = f"{{engine: broken, fault: {fault}}}"
    with house.daemon() as daemon:
        daemon.logged("ready\n")
        status, body = daemon.ask("/readyz")
        assert status == 503
        assert list(body["not_open"]) == ["model other"]
        assert says in body["not_open"]["model other"]
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise RuntimeError('no luck')\n" + BROKEN, "plugin broken was set aside: RuntimeError: no luck"),
        (
            BROKEN + "\n@hookimpl\ndef assistant_tools(host):\n    raise RuntimeError('no tools')\n",
            "plugin broken was set aside: RuntimeError: no tools",
        ),
    ],
    ids=["at loading", "in a later hook"],
)
def test_a_model_of_a_plugin_that_is_set_aside_is_named_and_the_rest_runs(house: Home, code: str, says: str) -> None:
    house.write(CONFIG.replace("engine: fake-chat", "engine: broken, fault: none"), broken=code)
    with house.daemon() as daemon:
        daemon.logged("ready\n")
        status, body = daemon.ask("/readyz")
        assert (status, list(body["not_open"])) == (503, ["model chat"])
        assert says in body["not_open"]["model chat"]
        assert daemon.stop() == 0
    findings = {finding["what"]: finding for finding in json.loads(house.run("check", "--json").stdout)}
    assert says in findings["model chat (broken)"]["text"]
    assert findings["model stt (fake-stt)"]["state"] == "ok"
    house.variables["INGLENOOK__PLUGINS__REQUIRED"] = "[broken]"
    assert house.run("run").returncode == 78


def test_an_engine_that_fails_at_its_end_does_not_hold_up_the_others(house: Home) -> None:
    house.write(CONFIG, broken=BROKEN)
    house.variables["INGLENOOK__MODELS__OTHER"] = "{engine: broken, fault: close}"
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.stop() == 0
        assert "model other did not close" in daemon.log


def test_a_model_that_is_not_here_is_named_with_what_to_do(house: Home) -> None:
    config = CONFIG.replace("chat: {engine: fake-chat}", "chat: {engine: named}")
    named = BROKEN.replace("fault: str", "fault: ModelRef = 'smollm2-135m'").replace('"broken"', '"named"')
    house.write(config, named=named.replace("ModelError", "ModelError, ModelRef", 1))
    with house.daemon() as daemon:
        daemon.logged("ready\n")
        reason = daemon.ask("/readyz")[1]["not_open"]["model chat"]
        assert "smollm2-135m" in reason


# -- what plugins offer ----------------------------------------------------------------------------------------------

OFFERS = """
import asyncio, json
from aiohttp import web
from assistant import EngineConfig, Observer, ServiceSpec, Tool, ToolSpec, hookimpl

seen = []

class Config(EngineConfig, frozen=True, kw_only=True):
    fails: int = 0

runs = 0

async def serve(section, host):
    global runs
    runs += 1
    if runs <= section.fails:
        raise RuntimeError("the door is stuck")
    await asyncio.Event().wait()

async def see(event):
    seen.append(str(event.type))
    if event.type == "run-start":
        raise RuntimeError("too bright")

async def lamp(arguments):
    return "on"

@hookimpl
def assistant_services():
    return [ServiceSpec(name="door", config=Config, run=serve), ServiceSpec(name="unused", config=Config, run=serve)]

@hookimpl
def assistant_observers():
    return [Observer("lights", see)]

@hookimpl
def assistant_tools(host):
    return [Tool(ToolSpec("lamp", "Switch the lamp.", {"type": "object"}), lamp)]

@hookimpl
def assistant_routes(host):
    async def state(request):
        models = [model.id for model in host.models()]
        return web.json_response({"runs": runs, "seen": seen, "models": models})

    async def turn(request):
        answer = await host.run_turn("Hello?")
        return web.json_response({"text": answer.text})

    async def fail(request):
        raise RuntimeError("a fault")

    return [web.get("/state", state), web.get("/turn", turn), web.get("/fail", fail)]
"""


def test_services_observers_tools_and_routes_of_plugins_work(house: Home) -> None:
    house.write(CONFIG + "services: {door: {fails: 1}}", offers=OFFERS)
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.ask("/plugins/offers/state", key=False)[0] == 401
        assert daemon.ask("/plugins/offers/turn") == (200, {"text": "Hello there."})
        daemon.logged("service door failed: RuntimeError: the door is stuck; again in 1 s")
        state = settled(lambda: s if (s := daemon.ask("/plugins/offers/state")[1])["runs"] == 2 else None)
        assert state["models"][:5] == ["stt", "tts", "chat", "turn", "intent"]
        daemon.logged("observer lights failed: RuntimeError: too bright")
        seen = settled(lambda: s if "run-end" in (s := daemon.ask("/plugins/offers/state")[1]["seen"]) else None)
        assert seen.index("run-start") < seen.index("intent-end") < seen.index("run-end")
        status, body = daemon.ask("/plugins/offers/fail")
        assert (status, body["error"]["code"]) == (500, "internal_error")
        assert "a fault" not in json.dumps(body)
        assert daemon.ask("/plugins/offers/nothing")[0] == 404
        assert daemon.stop() == 0


def test_a_plugin_whose_hooks_fail_is_named_and_the_daemon_serves(house: Home) -> None:
    hooks = ("services()", "observers()", "tools(host)", "routes(host)", "commands()")
    faults = {
        hook.partition("(")[
            0
        ]: f"from assistant import hookimpl\n@hookimpl\ndef assistant_{hook}:\n    raise OSError(5)"
        for hook in hooks
    }
    house.write(CONFIG, **faults)
    with house.daemon() as daemon:
        daemon.ready()
        for name in ("services", "observers", "tools", "routes"):
            assert f"plugin {name} is set aside: OSError: 5" in daemon.log
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("services: {door: {fail: 1}}", "services.door.fail: there is no such key"),
        ("plugins: {required: [nobody]}", "plugins.required: nobody cannot be used: it is not installed"),
        ("plugins: {required: [broken]}", "broken cannot be used: RuntimeError: no luck"),
        ("plugins: {required: [late]}", "late cannot be used: RuntimeError: no tools"),
        ("plugins: {required: [offers], disabled: [offers]}", "offers cannot be used: it is not installed or switched"),
    ],
)
def test_what_the_configuration_asks_for_and_nobody_has_ends_the_start(house: Home, more: str, says: str) -> None:
    late = "from assistant import hookimpl\n@hookimpl\ndef assistant_tools(host):\n    raise RuntimeError('no tools')"
    house.write(CONFIG + more, offers=OFFERS, broken="raise RuntimeError('no luck')", late=late)
    done = house.run("run")
    assert done.returncode == 78
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_nobody_offers_ends_the_start_unless_its_plugin_may_have_been_set_aside(house: Home) -> None:
    house.write(CONFIG + "services: {dor: {}}", offers=OFFERS)
    done = house.run("run")
    assert done.returncode == 78
    assert "services.dor: no plugin offers this service" in done.stderr
    house.write(CONFIG + "services: {dor: {}}", offers=OFFERS, broken="raise RuntimeError('no luck')")
    with house.daemon() as daemon:
        daemon.ready()
        daemon.logged(r"services.dor: no plugin offers this service \(set aside: broken\)")
        assert daemon.stop() == 0


# -- the address -----------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_said_with_what_to_do(house: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        house.variables["INGLENOOK__HTTP__PORT"] = str(other.getsockname()[1])
        house.variables["INGLENOOK__LOG__LEVEL"] = "warning"
        done = house.run("run")
    assert done.returncode == 71
    said = done.stderr.splitlines()
    assert said[-2].startswith("assistant: http: cannot listen on 127.0.0.1 port")
    assert "the port is in use" in said[-2]
    assert "http.port" in said[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "", "example.org"])
def test_t1_an_address_that_others_reach_needs_a_key(house: Home, host: str) -> None:
    house.variables["INGLENOOK__HTTP__HOST"] = f'"{host}"'
    for command in ("run", "check"):
        done = house.run(command)
        assert done.returncode == 78
        assert "is reachable from the network, and http.key is not set" in done.stderr
        assert len(done.stderr.splitlines()) == 2


def test_the_key_is_made_once_and_for_the_owner_only(house: Home) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        first = house.key
        assert daemon.stop() == 0
    assert (house.folder / "state" / "api-key").stat().st_mode & 0o077 == 0
    with house.daemon() as daemon:
        daemon.ready()
        assert house.key == first
        assert first not in daemon.log
