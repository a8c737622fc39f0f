"""The command line as a person and a program see it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import __version__
from assistant.pipeline.receipt import STAGES
from tests.plugins.distribution import GOOD, install
from tests.running import CONFIG, Home

BROKEN = "raise RuntimeError('no luck')"
COMMANDS = """
import click
from assistant import hookimpl

@click.command("greet")
@click.argument("name")
def greet(name):
    "Greet somebody."
    click.echo(f"Hello {name}.")

@click.command("run")
def run():
    "Another run."

@hookimpl
def assistant_commands():
    return [greet, run]
"""


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "says", "hint"),
    [
        ("http: {prot: 1}", "assistant.yaml:1: http.prot: there is no such key", "did you mean 'port'?"),
        ("http: {port: much}", "http.port: expected int, got str ('much')", "assistant config schema"),
        ("a: [", "not valid YAML", "check indentation"),
        (CONFIG.replace("fake-chat", "fake-cat"), "models.chat.engine: no plugin offers the engine", "'fake-chat'?"),
        ("http: {key: '${NOBODY_SETS_THIS}'}", "the variable NOBODY_SETS_THIS is not set", "export"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_config_error_is_two_lines_and_78(house: Home, config: str, says: str, hint: str, command: str) -> None:
    house.write(config)
    done = house.run(command)
    assert done.returncode == 78
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("assistant: ")
    assert says in first
    assert second.startswith("  ")
    assert hint in second


def test_debug_shows_where(house: Home) -> None:
    house.write("http: {prot: 1}")
    done = house.run("--debug", "run")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "ConfigError" in done.stderr


def test_a_file_that_is_named_is_used_and_must_be_there(house: Home) -> None:
    (house.folder / "other.yaml").write_text("http: {port: 1234}")
    assert house.json("--config", str(house.folder / "other.yaml"), "config", "show")["http"]["port"] == 1234
    done = house.run("--config", str(house.folder / "missing.yaml"), "config", "show")
    assert (done.returncode, done.stdout) == (78, "")
    assert "missing.yaml" in done.stderr


def test_what_there_is_not_is_a_usage_error(house: Home) -> None:
    for arguments in (["nonsense"], ["run", "--nonsense"], ["config", "nonsense"], ["--nonsense"]):
        done = house.run(*arguments)
        assert done.returncode == 2
        assert "onsense" in done.stderr
        assert "Traceback" not in done.stderr


# -- help ------------------------------------------------------------------------------------------------------------


def test_help_names_every_command_and_works_with_any_configuration(house: Home) -> None:
    for config in (CONFIG, "http: {prot: 1}", "a: ["):
        house.write(config, broken=BROKEN)
        done = house.run("--help")
        assert done.returncode == 0
        for command in ("ask", "check", "config", "demo", "listen", "models", "plugins", "receipts", "run", "say"):
            assert f"\n  {command} " in done.stdout


def test_every_command_explains_itself(house: Home) -> None:
    for command in (
        [],
        ["run"],
        ["check"],
        ["config", "show"],
        ["config", "schema"],
        ["plugins", "list"],
        ["receipts"],
    ):
        done = house.run(*command, "-h")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage: assistant" in done.stdout


def test_the_version(house: Home) -> None:
    assert house.run("--version").stdout == f"assistant, version {__version__}\n"


# -- plugins ---------------------------------------------------------------------------------------------------------


def test_plugins_bring_commands_but_take_none(house: Home) -> None:
    house.write(CONFIG, mine=COMMANDS, broken=BROKEN)
    listed = house.run("--help").stdout
    assert "greet " in listed
    assert "Greet somebody." in listed
    assert "Another run." not in listed
    done = house.run("greet", "Ada")
    assert (done.returncode, done.stdout) == (0, "Hello Ada.\n")
    assert "Run the daemon" in house.run("run", "--help").stdout


@pytest.mark.parametrize("command", ["click.Command(None)", "'greet'", "None", "greet.name"])
def test_commands_that_are_none_are_left_out(house: Home, command: str) -> None:
    house.write(CONFIG, mine=COMMANDS.replace("[greet, run]", f"[greet, {command}]"))
    done = house.run("--help")
    assert done.returncode == 0
    assert "greet" not in done.stdout
    assert "Traceback" not in done.stderr


def test_plugins_list_names_what_is_wrong_and_why(house: Home) -> None:
    house.write(CONFIG + "plugins: {disabled: [idle], required: [broken]}", broken=BROKEN, idle=BROKEN)
    found = {plugin["name"]: plugin for plugin in house.json("plugins", "list")}
    assert found["fakes"]["state"] == "in use"
    kinds = ("stt", "tts", "turn", "intent", "chat")
    assert found["fakes"]["engines"] == {f"fake-{kind}": kind for kind in kinds}
    assert found["fakes"]["origin"] == str(house.folder / "data" / "plugins" / "fakes.py")
    assert (found["idle"]["state"], found["idle"]["reason"]) == ("off", "")
    assert (found["broken"]["state"], found["broken"]["reason"]) == ("set aside", "RuntimeError: no luck")
    assert found["wav"]["state"] == "in use"
    table = house.run("plugins", "list")
    assert table.returncode == 0
    assert "RuntimeError: no luck" in table.stdout


def test_an_installed_distribution_is_found_in_another_process(house: Home, tmp_path: Path) -> None:
    install(tmp_path / "site", "fine", GOOD)
    install(tmp_path / "site", "faulty", BROKEN, version="2.1")
    house.variables["PYTHONPATH"] = str(tmp_path / "site")
    found = {plugin["name"]: plugin for plugin in house.json("plugins", "list")}
    assert (found["fine"]["origin"], found["fine"]["engines"]) == ("plugin_fine 1.0", {"good": "chat"})
    assert (found["faulty"]["origin"], found["faulty"]["state"]) == ("plugin_faulty 2.1", "set aside")


def test_a_plugin_that_prints_does_not_spoil_the_output(house: Home) -> None:
    house.write(CONFIG, chatty=f"print('hello from a plugin')\n{COMMANDS}")
    assert "chatty" in {plugin["name"] for plugin in house.json("plugins", "list")}
    assert "hello from a plugin" in house.run("plugins", "list").stderr


# -- config ----------------------------------------------------------------------------------------------------------


def test_config_show_hides_secrets(house: Home) -> None:
    secrets = (
        "http: {key: open sesame, hosts: [a.example]}\n"
        "services: {door: {api_key: s1, password: s2, deep: [{token: s3}], client_secret: s4, name: shown,"
        " url: 'https://u:${PW}@example.org'}}\n"
    )
    house.write(CONFIG.replace("http: {port: 0}", secrets))
    house.variables |= {"PW": "s5", "INGLENOOK__SERVICES__DOOR__TOKEN": "s6"}
    for output in (house.run("config", "show").stdout, json.dumps(house.json("config", "show"))):
        assert "a.example" in output
        assert "shown" in output
        assert "${PW}" in output
        for secret in ("open sesame", "s1", "s2", "s3", "s4", "s5", "s6"):
            assert secret not in output.replace("services", "")


def test_config_show_prints_what_is_in_force(house: Home) -> None:
    house.variables["INGLENOOK__HTTP__PORT"] = "77"
    shown = house.json("config", "show")
    assert shown["http"] == {"port": 77}
    assert shown["models"]["chat"] == {"engine": "fake-chat"}
    assert "wake" not in shown["models"]


def test_config_show_prints_a_date_too(house: Home) -> None:
    house.write(CONFIG + "services: {door: {since: 2024-01-31}}")
    assert house.json("config", "show")["services"]["door"]["since"] == "2024-01-31"


def test_config_schema_names_every_key(house: Home) -> None:
    done = house.run("config", "schema")
    assert done.returncode == 0
    for key in ("http.port", "assistants.*.endpoint.silence", "devices.*.source", "plugins.required"):
        assert key in done.stdout
    properties = house.json("config", "schema")
    assert properties["$defs"]["HttpConfig"]["properties"]["port"]["maximum"] == 65_535


def test_config_schema_of_an_engine_names_its_options(house: Home) -> None:
    assert "prefix" in house.run("config", "schema", "echo").stdout
    done = house.run("config", "schema", "eco")
    assert done.returncode == 78
    assert "did you mean 'echo'?" in done.stderr


# -- check and receipts ----------------------------------------------------------------------------------------------


def test_check_opens_everything_and_says_so(house: Home) -> None:
    done = house.run("check")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "everything can be opened")
    findings = house.json("check")
    assert {"what": "model chat (fake-chat)", "state": "ok", "text": "", "hint": ""} in findings


def test_check_names_what_cannot_be_opened_and_what_to_do(house: Home) -> None:
    named = (
        "from contextlib import asynccontextmanager\n"
        "from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelError, hookimpl\n"
        "@asynccontextmanager\n"
        "async def opened(config):\n"
        "    raise ModelError('it is not here', hint='fetch it')\n"
        "    yield\n"
        "@hookimpl\n"
        "def assistant_engines():\n"
        "    return [EngineSpec(name='gone', kind=Kind.CHAT, config=EngineConfig,"
        " describe=lambda c: Capabilities(), open=opened)]\n"
    )
    house.write(CONFIG.replace("fake-chat", "gone"), named=named, broken=BROKEN)
    done = house.run("check", "--json")
    assert done.returncode == 1
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert findings["plugin broken"]["state"] == "failed"
    assert findings["model stt (fake-stt)"]["state"] == "ok"
    chat = findings["model chat (gone)"]
    assert (chat["state"], chat["text"], chat["hint"]) == ("failed", "model chat: it is not here", "fetch it")
    assert house.run("check").returncode == 1


def test_a_turn_leaves_a_receipt_without_content(house: Home) -> None:
    assert house.json("receipts") == []
    answer = house.json("ask", "What is the secret of life?")
    assert answer["reply"] == "Hello there."
    [receipt] = house.json("receipts")
    assert (receipt["turn"], receipt["outcome"], receipt["models"]) == (answer["turn"], "answered", {"chat": "chat"})
    assert set(receipt["parts"]) <= set(STAGES)
    assert receipt["voice_to_voice"] == pytest.approx(sum(receipt["parts"].values()))
    assert "answered" in house.run("receipts").stdout
    database = b"".join(file.read_bytes() for file in (house.folder / "state").iterdir())
    assert b"secret of life" not in database
    assert b"Hello there" not in database


def test_why_slow_names_the_setting_that_cost_the_most(house: Home) -> None:
    assert "there is no turn yet" in house.run("why-slow").stderr
    answer = house.json("ask", "What is the secret of life?")
    said = house.run("why-slow").stdout
    assert answer["turn"] in said
    assert "models.chat" in said
    found = house.json("why-slow", answer["turn"][:6])
    assert found["reasons"][0]["seconds"] == max(found["receipt"]["parts"].values())
    assert house.run("why-slow", "nonsense").returncode != 0


def test_a_state_that_cannot_be_used_is_two_lines(house: Home) -> None:
    (house.folder / "state").write_text("no folder")
    done = house.run("receipts")
    assert done.returncode == 71
    assert len(done.stderr.splitlines()) == 2


def test_a_pipe_that_is_closed_is_no_traceback(house: Home) -> None:
    command = f"{sys.executable} -m assistant config schema | true"
    done = subprocess.run(["bash", "-c", command], env=house.environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["say", "hello", "--model", "stt", "-o", "out.wav"], "there is no tts model 'stt'"),
        (["say", "...", "-o", "out.wav"], "there is no sound to write"),
        (["transcribe", "in.wav", "--model", "chat"], "there is no stt model 'chat'"),
        (["ask", "hello", "--assistant", "nobody"], "there is no assistant 'nobody'"),
        (["plugins", "remove", "pip"], "pip is no plugin that is installed"),
    ],
)
def test_what_cannot_be_meant_is_two_lines(house: Home, command: list[str], says: str) -> None:
    done = house.run(*command)
    assert done.returncode not in (0, 70) or says.startswith("pip")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 2, done.stderr


OPENS = """
import asyncio
from contextlib import asynccontextmanager
from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelError, hookimpl
from assistant.testing import FakeChat

@asynccontextmanager
async def opened(config):
    {opens}
    yield FakeChat([{says}])

@hookimpl
def assistant_engines():
    return [EngineSpec(name="own", kind=Kind.CHAT, config=EngineConfig, describe=lambda c: Capabilities(), open=opened)]
"""
"""A plugin with an engine that opens, and answers, as it is told."""


@pytest.mark.parametrize(
    ("opens", "says", "error"),
    [
        ("raise ModelError('it is not here', hint='fetch it')", "", "assistant: model chat: it is not here"),
        ("raise ZeroDivisionError('odd')", "", "assistant: model chat: own failed: ZeroDivisionError: odd"),
        ("pass", "ModelError('it broke', hint='mend it')", "assistant: it broke"),
        ("pass", "ZeroDivisionError('odd')", "assistant: ZeroDivisionError: odd"),
    ],
    ids=["cannot be opened", "fails to open", "breaks", "breaks oddly"],
)
def test_a_question_that_fails_is_two_lines_and_more_with_debug(house: Home, opens: str, says: str, error: str) -> None:
    house.write(CONFIG.replace("fake-chat", "own"), own=OPENS.format(opens=opens, says=says))
    done = house.run("ask", "What is it?")
    first, second = done.stderr.splitlines()
    assert first == error
    assert second.startswith("  ")
    assert "Traceback" in house.run("--debug", "ask", "What is it?").stderr


def test_a_question_waits_for_a_model_that_loads_longer_than_a_turn_has_patience(house: Home) -> None:
    house.write(
        CONFIG.replace("fake-chat", "own") + "timeouts: {chat: 0.2}\n",
        own=OPENS.format(opens="await asyncio.sleep(0.6)", says="'Here I am.'"),
    )
    done = house.run("ask", "Where are you?")
    assert (done.returncode, done.stdout) == (0, "Here I am.\n"), done.stderr


def test_two_devices_cannot_share_a_microphone(house: Home) -> None:
    house.write("devices: {kitchen: {}}")
    done = house.run("config", "show")
    assert done.returncode == 78
    assert "devices.kitchen.source: the device room already listens to 'microphone'" in done.stderr
