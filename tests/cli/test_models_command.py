"""`assistant models` as a person and a program see it."""

import hashlib
import json

import pytest
from click.testing import CliRunner, Result

from assistant.cli import Settings
from assistant.cli.audit import audit
from assistant.cli.keys import keys
from assistant.cli.models import models
from assistant.engines import Kind
from assistant.models.catalogue import Catalogue, Entry, File, catalogue
from assistant.models.store import Progress, Store
from assistant.state import state_file
from tests.running import CONFIG

DATA = b"model" * 1000


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models, arguments, obj=Settings(None, False), catch_exceptions=False, terminal_width=80)


@pytest.fixture
def store(home, tmp_path, monkeypatch):
    """A store of two models, one of them here; what is pulled comes out of thin air."""
    file = File(name="a", size=len(DATA), sha256=hashlib.sha256(DATA).hexdigest(), sources=())
    entry = Entry(kind=Kind.CHAT, description="a model", licence="MIT", main="a", files=(file,))
    small = Catalogue(models={"one": entry, "two": entry})
    store = Store(tmp_path, small)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a").write_bytes(DATA)
    monkeypatch.setattr(Store, "default", classmethod(lambda cls: store))

    async def pull(wanted, report):
        for model in wanted:
            for done in (1, 2500, 5000):
                report(Progress(model, done, 5000, "example.org"))
            report(Progress(model, 5000, 5000))

    monkeypatch.setattr(store, "pull", pull)
    return store


def test_the_list_fits_a_terminal_and_says_what_is_here(home):
    result = run("list", "--all")
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    for model, entry in catalogue().models.items():
        (line,) = (line for line in lines if line.startswith(f"{model} "))
        assert entry.licence in line and "missing" in line
    assert "not for commercial use" in result.output
    assert "wake-hey_mycroft" not in run("list").output


def test_a_pull_needs_no_plugin_but_those_whose_models_it_fetches(house):
    house.write(CONFIG + "plugins: {required: [nobody]}", broken="raise RuntimeError('no luck')")
    house.variables["INGLENOOK__MODELS__TTS__ENGINE"] = "broken"
    done = house.run("models", "pull")
    assert (done.returncode, done.stdout) == (0, "")
    assert "models.tts: there is no engine 'broken': plugin broken was set aside: RuntimeError: no luck" in done.stderr


def test_the_list_as_json(store):
    one, two = json.loads(run("list", "--all", "--json").output)
    assert (one["id"], one["state"], one["path"]) == ("one", "here", str(store.path("one")))
    assert (two["id"], two["state"], two["path"]) == ("two", "missing", None)
    assert {"kind", "size", "licence", "note", "languages", "description", "default"} <= set(one)


def test_pull_prints_a_line_for_each_model_where_there_is_no_terminal(store):
    assert run("pull", "one", "two", "one").output == ("one: 5.0 kB, from example.org\ntwo: 5.0 kB, from example.org\n")


def test_pull_prints_json_lines_for_a_program(store):
    lines = [json.loads(line) for line in run("pull", "one", "--json").output.splitlines()]
    assert lines[0] == {"model": "one", "done": 1, "total": 5000, "source": "example.org", "ready": False}
    assert lines[-1] == {"model": "one", "done": 5000, "total": 5000, "source": "", "ready": True}


def test_verify_names_what_is_damaged_and_fails(store):
    result = run("verify")
    assert (result.exit_code, result.output) == (0, "one: right\n")
    (store.folder / "one" / "a").write_bytes(bytes(len(DATA)))
    result = run("verify", "one", "two")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "one: a has other bytes than listed",
        "two: a is missing",
        "mend with: assistant models pull one two",
    ]


def test_the_audit_log_tells_what_was_fetched_and_removed_where_there_is_one(store, home):
    assert run("pull", "two").exit_code == 0
    assert not state_file().exists()
    assert CliRunner().invoke(keys, ["create", "notes", "--scope", "chat"], obj=Settings(None, False)).exit_code == 0
    assert run("pull", "one", "two").exit_code == 0
    assert run("remove", "one").exit_code == 0
    lines = CliRunner().invoke(audit, ["--json"], obj=Settings(None, False)).output.splitlines()
    told = [(line["event"], line.get("model"), line.get("change")) for line in map(json.loads, lines)]
    assert told[1:] == [("model-changed", "two", "fetched"), ("model-changed", "one", "removed")]


def test_remove(store):
    assert run("remove", "one").output == "one: removed\n"
    assert not store.is_here("one")


PLUGIN = """
from contextlib import asynccontextmanager
from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelRef, hookimpl

class Config(EngineConfig, frozen=True, kw_only=True):
    model: ModelRef = "silero-vad"

@asynccontextmanager
async def opened(config):
    yield object()

@hookimpl
def assistant_engines():
    return [EngineSpec(name="named", kind=Kind.CHAT, config=Config, describe=lambda c: Capabilities(), open=opened)]
"""


def test_a_bare_pull_fetches_what_the_configuration_needs(home, monkeypatch):
    (home / "data" / "plugins").mkdir(parents=True)
    (home / "data" / "plugins" / "named.py").write_text(PLUGIN)
    (home / "config").mkdir()
    names = ("wake", "vad", "turn", "stt", "tts", "microphone", "speaker")
    sections = "".join(f"  {name}: null\n" for name in names)
    config = f"models:\n{sections}  chat: {{engine: named, model: smollm2-135m}}\n  other: {{engine: named}}\n"
    config += "devices: null\nassistants: {jarvis: {stt: '', tts: '', turn: ''}}\n"
    (home / "config" / "assistant.yaml").write_text(config)
    pulled = []

    async def pull(self, wanted, report):
        pulled.append(list(wanted))

    monkeypatch.setattr(Store, "pull", pull)
    assert run("pull").exit_code == 0
    assert run("pull", "--default").exit_code == 0
    assert pulled == [["silero-vad", "smollm2-135m"], list(catalogue().default)]
