"""Defaults, file, `conf.d`, environment: which value is in force, and where it was written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant import ConfigError
from assistant.config import Loaded, load
from assistant.config.layers import Layer, environment_layer, merge, yaml_layer

Read = Callable[..., Loaded]


def test_the_embedded_default_works_without_any_file(home: Path) -> None:
    config = load(environment={}).config
    assert config.http.host == "127.0.0.1"
    assert list(config.assistants) == ["jarvis"]
    assert {config.models[name].engine for name in ("wake", "vad", "turn", "stt", "intent", "chat", "tts")} == {
        "openwakeword",
        "silero-vad",
        "smart-turn",
        "faster-whisper",
        "hassil",
        "llama-cpp",
        "piper",
    }


def test_a_file_is_laid_over_the_default(read: Read) -> None:
    config = read("http: {port: 9000}\nassistants: {jarvis: {wake: [alexa]}}").config
    assert (config.http.port, config.http.host) == (9000, "127.0.0.1")
    assert config.assistants["jarvis"].wake == ["alexa"]
    assert "microphone" in config.models


def test_each_layer_is_laid_over_the_one_before(read: Read) -> None:
    loaded = read(
        "http: {port: 1, hosts: [a, b]}\nlog: {level: info}\ntimeouts: {stt: 1}",
        {"INGLENOOK__HTTP__PORT": "3"},
        b="http: {port: 2, hosts: [c]}\nlog: {level: error}",
        a="log: {level: debug}",
    )
    assert loaded.config.http.port == 3
    assert loaded.config.http.hosts == ["c"]
    assert loaded.config.log.level == "error"
    assert loaded.config.timeouts.stt == 1


@pytest.mark.parametrize(
    ("below", "above", "wanted"),
    [
        ("a: {b: 1, c: 2}", "a: {b: 3}", {"a": {"b": 3, "c": 2}}),
        ("a: [1, 2]", "a: [3]", {"a": [3]}),
        ("a: {b: 1}", "a: 2", {"a": 2}),
        ("a: 1", "a: {b: 2}", {"a": {"b": 2}}),
        ("a: {b: 1}\nc: 2", "a: null", {"c": 2}),
        ("a: {b: {c: 1, d: 2}}", "a: {b: {c: null}}", {"a": {"b": {"d": 2}}}),
        ("a: 1", "b: {c: null, d: 1}", {"a": 1, "b": {"d": 1}}),
        ("a: {b: 1}", "a: {}", {"a": {"b": 1}}),
        ("", "a: 1", {"a": 1}),
        ("a: 1", "", {"a": 1}),
    ],
)
def test_mappings_merge_lists_replace_null_removes(below: str, above: str, wanted: dict[str, Any]) -> None:
    lower, upper = yaml_layer(below, "below"), yaml_layer(above, "above")
    assert merge(lower, upper).tree == wanted
    assert lower.tree == yaml_layer(below, "below").tree, "merging changes a layer"


def test_null_removes_a_whole_section_of_the_default(read: Read) -> None:
    assert read("devices: null").config.devices == {}
    assert "speaker" not in read("devices: null\nmodels: {speaker: null}").config.models


def test_a_model_of_another_engine_inherits_no_options(read: Read) -> None:
    chat = "models: {chat: {engine: llama-cpp, context: 4096}}"
    same = read(chat, b="models: {chat: {engine: llama-cpp, threads: 2}}").config.models["chat"]
    assert same.options == {"context": 4096, "threads": 2}
    assert read(chat, b="models: {chat: {engine: echo}}").config.models["chat"].options == {}
    assert read(chat, {"INGLENOOK__MODELS__CHAT__ENGINE": "echo"}).config.models["chat"].options == {}


def test_only_yaml_files_of_conf_d_are_read_in_order_of_their_names(read: Read, tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "99.yaml.bak").write_text("nonsense: 1")
    config = read("", {}, **{"10": "http: {port: 10}", "9": "http: {port: 9}"}).config
    assert config.http.port == 9


# -- places ----------------------------------------------------------------------------------------------------------


def test_a_key_knows_file_and_line(read: Read, tmp_path: Path) -> None:
    layer = read("log:\n  level: info\n\nhttp:\n  host: 127.0.0.1\n  port: 1\n", a="http:\n  port: 2").layer
    assert layer.place(("http", "host")) == f"{tmp_path}/assistant.yaml:5"
    assert layer.place(("http", "port")) == f"{tmp_path}/conf.d/a.yaml:2"
    assert layer.place(("models", "wake", "engine")).startswith("default:")
    assert layer.place(("no", "such", "key")) == "configuration"


def test_a_key_of_the_environment_knows_its_variable(read: Read) -> None:
    layer = read("http: {port: 1}", {"INGLENOOK__HTTP__PORT": "2"}).layer
    assert layer.place(("http", "port")) == "INGLENOOK__HTTP__PORT"


def test_what_is_replaced_takes_its_places_along() -> None:
    below, above = yaml_layer("a:\n  b:\n    c: 1", "below"), yaml_layer("a:\n  b: [1]", "above")
    assert merge(below, above).place(("a", "b", "c")) == "above:2"


# -- the environment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("INGLENOOK__STT__MODEL", "base", {"stt": {"model": "base"}}),
        ("INGLENOOK__http__port", "1", {"http": {"port": 1}}),
        ("INGLENOOK__MODELS__FAST_CHAT__ENGINE", "x", {"models": {"fast-chat": {"engine": "x"}}}),
        ("INGLENOOK__MODELS__MY_TTS", "x", {"models": {"My.TTS": "x"}}),
        ("INGLENOOK__MODELS__NEW_ONE__ENGINE", "x", {"models": {"new_one": {"engine": "x"}}}),
        ("INGLENOOK__A", "[a, 2]", {"a": ["a", 2]}),
        ("INGLENOOK__A", "{b: {c: true}}", {"a": {"b": {"c": True}}}),
        ("INGLENOOK__A", "null", {"a": None}),
        ("INGLENOOK__A", "", {"a": None}),
        ("INGLENOOK__A", '"42"', {"a": "42"}),
        ("INGLENOOK__A", "@home", {"a": "@home"}),
        ("INGLENOOK__A", "2024-13-45", {"a": "2024-13-45"}),
        ("INGLENOOK__A", "1" * 5000, {"a": "1" * 5000}),
        ("INGLENOOK__A", "[" * 5000, {"a": "[" * 5000}),
        ("INGLENOOK_HOME", "x", {}),
        ("INGLENOOK_A__B", "x", {}),
        ("inglenook__a", "x", {}),
    ],
)
def test_a_variable_sets_the_key_that_it_spells(variable: str, value: str, wanted: dict[str, Any]) -> None:
    below = {"models": {"fast-chat": {"engine": "y"}, "My.TTS": 1}}
    assert environment_layer({variable: value}, below).tree == wanted


@pytest.mark.parametrize(
    "names",
    [
        ("INGLENOOK__A", "INGLENOOK__A__B"),
        ("INGLENOOK__A__B", "INGLENOOK__a"),
        ("INGLENOOK__A__B", "INGLENOOK__a__b"),
        ("INGLENOOK__A__B__C", "INGLENOOK__A__B"),
    ],
)
def test_two_variables_must_not_set_the_same_key(names: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="already sets") as error:
        environment_layer(dict.fromkeys(names, "{x: 1}"), {})
    assert all(name in str(error.value) for name in names)


def test_variables_that_lie_beside_each_other_do_not_disturb() -> None:
    variables = {"INGLENOOK__A__B": "1", "INGLENOOK__A__C": "2", "INGLENOOK__A_B": "3", "INGLENOOK__AB": "4"}
    assert environment_layer(variables, {}).tree == {"a": {"b": 1, "c": 2}, "a_b": 3, "ab": 4}


@pytest.mark.parametrize("variable", ["INGLENOOK__", "INGLENOOK____A", "INGLENOOK__A__", "INGLENOOK__A____B"])
def test_a_variable_with_an_empty_part_is_an_error(variable: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        environment_layer({variable: "1"}, {})


# -- references ------------------------------------------------------------------------------------------------------


def test_secrets_come_from_variables_and_files(read: Read, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\nand no more\n")
    loaded = read(
        f"http:\n  key: ${{file:{tmp_path}/key}}\n  hosts: ['${{A}}.${{B}}', '$C', '${{A']",
        {"A": "kitchen", "B": "example"},
    )
    assert loaded.config.http.key == "from a file"
    assert loaded.config.http.hosts == ["kitchen.example", "$C", "${A"]


def test_what_is_put_in_is_not_looked_at_again(read: Read) -> None:
    assert read("http: {key: '${A}'}", {"A": "${B}"}).config.http.key == "${B}"


def test_the_layer_keeps_the_reference_and_not_the_secret(read: Read) -> None:
    loaded = read("http: {key: '${KEY}'}", {"KEY": "very secret"})
    assert loaded.config.http.key == "very secret"
    assert "very secret" not in repr(loaded.layer)


@pytest.mark.parametrize(
    "text",
    [
        "log:\n  level: info\nhttp:\n  hosts:\n  - ${NOWHERE}",
        "log:\n  level: info\nhttp:\n\n  key: ${file:/no/such/file}",
        "log:\n  level: info\nhttp:\n\n  key: ${file:/}",
        'log:\n  level: info\nhttp:\n\n  key: "${file:a\\0b}"',
        "log:\n  level: info\nhttp:\n\n  key: ${file:~nobody-of-this-name/x}",
        "log:\n  level: info\nhttp:\n\n  key: ${file:LATIN}",
    ],
    ids=["variable", "file", "folder", "NUL", "user", "not UTF-8"],
)
def test_a_reference_that_leads_nowhere_is_named_with_its_line(read: Read, tmp_path: Path, text: str) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as error:
        read(text.replace("LATIN", f"{tmp_path}/latin"))
    assert f"{tmp_path}/assistant.yaml:" in str(error.value)
    assert "http." in str(error.value)
    assert error.value.hint


def test_a_layer_of_nothing_is_nowhere() -> None:
    assert Layer({}).place(("a",)) == "configuration"


@pytest.mark.parametrize(("preset", "silence"), [("relaxed", 1.0), ("default", 0.7), ("aggressive", 0.5)])
def test_a_preset_sets_the_waits(read: Read, preset: str, silence: float) -> None:
    endpoint = read(f"assistants: {{jarvis: {{endpoint: {{preset: {preset}}}}}}}").config.assistants["jarvis"].endpoint
    assert endpoint.silence == silence
    assert endpoint.shortest < endpoint.silence < endpoint.longest


def test_what_is_written_beside_a_preset_wins(read: Read) -> None:
    endpoint = (
        read("assistants: {jarvis: {endpoint: {preset: relaxed, silence: 0.8}}}").config.assistants["jarvis"].endpoint
    )
    assert (endpoint.silence, endpoint.longest) == (0.8, 3.5)
