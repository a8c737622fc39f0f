"""What is wrong with a configuration: the error names file, line, key and fault, and says what to do."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from assistant import ConfigError, EngineConfig
from assistant.config import Loaded, load

Read = Callable[..., Loaded]


def complaint(read: Read, text: str | bytes, **variables: str) -> ConfigError:
    """Return the error that a configuration gives; it must be fit for two lines in a terminal."""
    with pytest.raises(ConfigError) as raised:
        read(text, variables)
    error = raised.value
    assert error.exit_code == 78
    assert error.hint
    assert "\n" not in str(error) + error.hint
    assert len(str(error)) < 400
    return error


@pytest.mark.parametrize(
    ("text", "line", "key", "near"),
    [
        ("htp: {}", 1, "htp", "http"),
        ("http:\n  prot: 1", 2, "http.prot", "port"),
        ("assistants:\n  jarvis:\n    wakes: [a]", 3, "assistants.jarvis.wakes", "wake"),
        ("assistants:\n  jarvis:\n    endpoint:\n      silense: 1", 4, "assistants.jarvis.endpoint.silense", "silence"),
        ("devices:\n  room:\n    sorce: a", 3, "devices.room.sorce", "source"),
        ("plugins:\n\n  disable: [a]", 3, "plugins.disable", "disabled"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(read: Read, text: str, line: int, key: str, near: str) -> None:
    error = complaint(read, text)
    assert f"assistant.yaml:{line}: {key}: there is no such key" in str(error)
    assert error.hint == f"did you mean {near!r}?"


def test_an_unknown_key_that_is_like_no_other_lists_the_valid_ones(read: Read) -> None:
    assert complaint(read, "log: {xxxxxx: 1}").hint == "valid keys: level"


def test_an_unknown_key_of_the_environment_is_named_by_its_variable(read: Read) -> None:
    assert "INGLENOOK__HTTP__PROT: http.prot: " in str(complaint(read, "", INGLENOOK__HTTP__PROT="1"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("http: {port: x}", "http.port"),
        ("http: {port: 1.5}", "http.port"),
        ("http: {port: -1}", "http.port"),
        ("http: {port: 65536}", "http.port"),
        ("http: {enabled: 1}", "http.enabled"),
        ("http: {hosts: a}", "http.hosts"),
        ("http: {limits: {scopes: {chatt: 1}}}", "http.limits.scopes"),
        ("http: {limits: {scopes: {chat: -1}}}", "http.limits.scopes.chat"),
        ("http: {origins: ['*']}", "http.origins.0"),
        ("http: {hosts: [a, 1]}", "http.hosts.1"),
        ("http: 5", "http"),
        ("http: [a]", "http"),
        ("log: {level: loud}", "log.level"),
        ("timeouts: {stt: -0.1}", "timeouts.stt"),
        ("timeouts: {stt: .nan}", "timeouts.stt"),
        ("timeouts: {stt: .inf}", "timeouts.stt"),
        ("timeouts: {stt: true}", "timeouts.stt"),
        ("timeouts: {stt: '5'}", "timeouts.stt"),
        ("conversation: {messages: 1}", "conversation.messages"),
        ("assistants: {jarvis: {endpoint: {threshold: 1.01}}}", "assistants.jarvis.endpoint.threshold"),
        ("assistants: {jarvis: {language: no}}", "assistants.jarvis.language"),
        ("assistants: {jarvis: {chat: 5}}", "assistants.jarvis.chat"),
        ("assistants: {jarvis: 5}", "assistants.jarvis"),
        ("assistants: [jarvis]", "assistants"),
        ("devices: [room]", "devices"),
        ("devices: {room: [a]}", "devices.room"),
        ("models: [chat]", "models"),
        ("models: {chat: llama-cpp}", "models.chat"),
        ("models: {chat: {engine: 5}}", "models.chat"),
        ("models: {other: {context: 5}}", "models.other"),
        ("services: [a]", "services"),
        ("services: {a: 5}", "services.a"),
        ("services: {b: {x: 1}, a: [5]}", "services.a"),
    ],
)
def test_a_value_of_the_wrong_kind_or_size_is_named(read: Read, text: str, key: str) -> None:
    assert f"assistant.yaml:1: {key}: " in str(complaint(read, text))


def test_a_wrong_value_is_shown_as_it_was_written_never_a_secret(read: Read) -> None:
    assert "('x')" in str(complaint(read, "http: {port: x}"))
    error = complaint(read, "http: {port: '${PORT}'}", PORT="hunter2")
    assert "${PORT}" in str(error)
    assert "hunter2" not in str(error) + error.hint


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "../a", "a" * 65, "ä", "a\n"])
@pytest.mark.parametrize("section", ["models", "assistants", "devices"])
def test_names_are_plain(read: Read, section: str, name: str) -> None:
    text = msgspec.json.encode({section: {name: {"engine": "echo"}}}).decode()
    assert "is no name" in str(complaint(read, text))


# -- YAML ------------------------------------------------------------------------------------------------------------

LAUGHS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
MAPS = "".join(f"a{n}: &a{n} {{{', '.join(f'{c}: *a{n - 1}' for c in 'pqrstuv')}}}\n" for n in range(1, 10))
MERGES = "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http:\n  port: 1\n  port: 2", ":3: the key 'port' stands here twice"),
        ("http: {}\nlog: {}\nhttp: {}", ":3: the key 'http' stands here twice"),
        ("http:\n  port: [1", ":2: not valid YAML"),
        ("http:\n\tport: 1", ":2: not valid YAML"),
        ("http: 'open", "not valid YAML"),
        ("a: b: c", ":1: not valid YAML"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: *nothing", ":1: not valid YAML"),
        ("a: !!python/object/apply:os.system [true]", ":1: not valid YAML"),
        ("a: !secret x", ":1: not valid YAML"),
        ("a: 2024-13-45", "not valid YAML"),
        ("a: " + "1" * 5000, "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("a: \x1b[31m", "not valid YAML"),
        ("hello", "expected a mapping"),
        ("- a\n- b", "expected a mapping"),
        ("1: x", ":1: a key must be text"),
        ("http: {yes: 1}", ":1: a key must be text"),
        ("? [a]\n: b", ":1: a key must be text"),
        ("? {a: b}\n: c", ":1: a key must be text"),
        ("null: x", ":1: a key must be text"),
        ("a: " + "[" * 1000 + "]" * 1000, "nested deeper"),
        ("a: " + "[" * 25 + "]" * 25, "nested deeper"),
        ("a: " * 30 + "{b: 1}", "not valid YAML"),
        ("\n".join(" " * n + "a:" for n in range(30)), "nested deeper"),
        ("\n".join(" " * n + "a:" for n in range(1200)), "nested deeper"),
        ("a: &a [*a]", "nested deeper"),
        ("a: &a {b: *a}", "nested deeper"),
        ("a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + LAUGHS, "more than"),
        ("a0: &a0 {x: 1}\n" + MAPS, "more than"),
        ("a0: &a0 {x: 1}\n" + MERGES, "more than"),
        ("#" * 1_000_001, "larger than"),
        (b"a: \xff\xfe", "not UTF-8 at byte 3"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "not valid YAML"),
    ],
)
def test_what_is_no_plain_tree_is_refused_with_its_place(read: Read, text: str | bytes, says: str) -> None:
    error = complaint(read, text)
    assert says in str(error)
    assert "assistant.yaml" in str(error)


def test_aliases_in_moderation_are_fine(read: Read) -> None:
    loaded = read("timeouts: &all {stt: 1, chat: 2}\nassistants:\n  a: &a {wake: [alexa]}\n  b: {<<: *a, language: de}")
    assert loaded.config.assistants["b"].wake == ["alexa"]
    assert loaded.config.timeouts.chat == 2


def test_a_byte_order_mark_is_no_fault(read: Read) -> None:
    assert read(b"\xef\xbb\xbfhttp: {port: 7}").config.http.port == 7


def test_a_device_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match=r"/dev/zero"):
        load(Path("/dev/zero"), {})


@pytest.mark.parametrize("name", ["missing.yaml", ".", "file/below"])
def test_a_file_that_was_named_must_be_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=str(tmp_path)):
        load(tmp_path / name, {})


def test_the_file_of_the_environment_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGLENOOK_CONFIG", str(tmp_path / "missing.yaml"))
    with pytest.raises(ConfigError, match=r"missing\.yaml"):
        load()


# -- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("assistants: {jarvis: {stt: sst}}", "assistants.jarvis.stt", "'stt'"),
        ("assistants: {jarvis: {chat: [chat, chatt]}}", "assistants.jarvis.chat", "'chat'"),
        ("devices: {room: {source: microfone}}", "devices.room.source", "'microphone'"),
        ("devices: {room: {wake: xxxxxxxx}}", "devices.room.wake", "known: "),
        ("devices: {room: {assistants: [jarvs]}}", "devices.room.assistants", "'jarvis'"),
        ("models: null", "assistants.jarvis.stt", "known: none"),
    ],
)
def test_a_name_of_nothing_is_named_with_the_nearest(read: Read, text: str, key: str, says: str) -> None:
    error = complaint(read, text)
    assert f"{key}: there is no " in str(error)
    assert says in error.hint


@pytest.mark.parametrize("key", ["stt", "tts"])
def test_an_assistant_that_only_writes_has_no_device(read: Read, key: str) -> None:
    error = complaint(read, f"assistants: {{jarvis: {{{key}: ''}}}}")
    assert f"assistants.jarvis.{key}: the device room needs one" in str(error)
    assert read(f"devices: null\nassistants: {{jarvis: {{{key}: ''}}}}").config.assistants["jarvis"]


@pytest.mark.parametrize("text", ["assistants: null", "assistants: {jarvis: null}"])
def test_there_must_be_an_assistant(read: Read, text: str) -> None:
    assert "assistants: " in str(complaint(read, text))


# -- options of engines ----------------------------------------------------------------------------------------------


class Word(EngineConfig, frozen=True, kw_only=True):
    """A struct within the options of an engine."""

    threshold: float = 0.5
    """A number."""


class Options(EngineConfig, frozen=True, kw_only=True):
    """Options of an engine, with structs at every depth."""

    word: Word | None = None
    """One struct."""
    words: dict[str, Word] = msgspec.field(default_factory=dict)
    """Structs by names that the owner chooses."""
    list_of: list[Word] = msgspec.field(default_factory=list)
    """Structs in a list."""
    deep: dict[str, dict[str, list[Word]]] = msgspec.field(default_factory=dict)
    """Structs far down."""


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ("word: {BAD}", "word"),
        ("words: {fine: {threshold: 0.1}, broken: {BAD}, other: {}}", "words.broken"),
        ("list_of: [{threshold: 1}, {BAD}]", "list_of.1"),
        ("deep: {a: {b: []}, c: {d: [{}, {BAD}]}}", "deep.c.d.1"),
    ],
)
def test_a_fault_deep_in_the_options_of_an_engine_is_named_by_its_whole_path(
    read: Read, tmp_path: Path, options: str, path: str
) -> None:
    def fault(bad: str) -> ConfigError:
        loaded = read(f"models:\n  mine:\n    engine: x\n    {options.replace('BAD', bad)}")
        with pytest.raises(ConfigError) as error:
            loaded.options("mine", Options)
        return error.value

    unknown = fault("treshold: 1")
    assert str(unknown) == f"{tmp_path}/assistant.yaml:4: models.mine.{path}.treshold: there is no such key"
    assert unknown.hint == "did you mean 'threshold'?"
    wrong = fault("threshold: much")
    assert str(wrong).startswith(f"{tmp_path}/assistant.yaml:4: models.mine.{path}.threshold: expected float")
    assert "('much')" in str(wrong)


def test_an_unknown_option_of_an_engine_is_named_with_the_nearest(read: Read) -> None:
    loaded = read("models: {mine: {engine: x, wrds: {}}}")
    with pytest.raises(ConfigError, match=r"models\.mine\.wrds") as error:
        loaded.options("mine", Options)
    assert error.value.hint == "did you mean 'word'?" or error.value.hint == "did you mean 'words'?"


def test_the_section_of_a_service_is_validated_in_the_same_way(read: Read) -> None:
    with pytest.raises(ConfigError, match=r"services\.door\.wrod"):
        read("services: {door: {wrod: {}}}").service("door", Options)
