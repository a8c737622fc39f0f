"""What the steps of `assistant setup` decide, without anybody to talk to."""

from pathlib import Path

import pytest
import yaml

from assistant import ConfigError, Device
from assistant.lan.neighbours import Neighbour
from assistant.models.catalogue import catalogue
from assistant.setup.answers import Answers, unanswered
from assistant.setup.draft import Draft
from assistant.setup.language import detected, gaps
from assistant.setup.models import Need, recognisers
from assistant.setup.neighbours import home_assistants, section
from assistant.setup.saving import save
from assistant.setup.sound import offered
from assistant.setup.wake import verdict, words_to_listen_for


def test_flags_that_nobody_gave_are_named() -> None:
    assert unanswered(Answers()) == [
        "--language",
        "--microphone",
        "--speaker",
        "--wake",
        "--goal",
        "--service or --no-service",
    ]
    assert unanswered(Answers("en", "default", "default", ("alexa",), "quick", service=False)) == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "fr_FR"}, "fr"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "xx"}, "en"),
        ({"LC_ALL": "", "LANG": "nl"}, "nl"),
    ],
)
def test_the_language_of_the_session_is_offered(environment: dict[str, str], language: str) -> None:
    assert detected(environment) == language


def test_models_that_do_not_know_a_language_are_named() -> None:
    assert gaps("en-GB", "piper-en_US-joe-medium", "smollm2-135m", catalogue()) == []
    voice, chat = gaps("de", "piper-en_US-joe-medium", "smollm2-135m", catalogue())
    assert "--voice" in voice and "Deutsch" in voice
    assert "--chat" in chat
    assert gaps("de", "~/de_DE-thorsten-medium.onnx", "~/own.gguf", catalogue()) == []
    voice, chat = gaps("auto", "piper-en_US-joe-medium", "smollm2-135m", catalogue(), "espeak")
    assert "does not know every language, so espeak speaks" in voice
    assert "espeak" not in chat


@pytest.mark.parametrize(
    ("language", "goal", "free", "best"),
    [
        ("en", "quick", 8e9, "whisper-tiny.en"),
        ("en-GB", "accurate", 8e9, "whisper-base"),
        ("en", "accurate", 250e6, "whisper-tiny.en"),
        ("de", "quick", 8e9, "whisper-base"),
        ("de", "quick", 100e6, "whisper-base"),
        ("auto", "quick", 8e9, "whisper-base"),
    ],
)
def test_the_recogniser_fits_language_goal_and_memory(language: str, goal: str, free: float, best: str) -> None:
    needs = [Need("whisper-tiny.en", 193_000_000), Need("whisper-base", 263_000_000)]
    assert recognisers(language, goal, int(free), needs, catalogue())[0] == best


def test_devices_to_choose_from() -> None:
    listed = [
        Device("USB mic: Audio (hw:1,0)", False, 2, 0, 44_100),
        Device("sysdefault", False, 128, 0, 48_000),
        Device("pulse", False, 32, 32, 44_100),
        Device("default", True, 32, 32, 44_100),
        Device("HDMI", False, 0, 8, 48_000),
    ]
    assert [name for name, _ in offered(listed, "source", "default")] == ["default", "USB mic: Audio (hw:1,0)"]
    assert [name for name, _ in offered(listed, "sink", "HD")] == ["default", "HDMI", "HD"]
    assert [name for name, _ in offered([], "sink", "default")] == ["default"]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.9, 0.5, 0.99], "hears you well"),
        ([0.9, 0.2, 0.0], "heard 1 of 3"),
        ([0.2, 0.1, 0.0], "nearly"),
        ([0.0, 0.1, 0.0], "nothing like"),
    ],
)
def test_three_scores_are_put_in_words(scores: list[float], said: str) -> None:
    assert said in verdict(scores, 0.5)


def test_words_keep_what_was_written_of_them() -> None:
    written = {"computer": {"model": "c.onnx", "threshold": 0.7}}
    assert words_to_listen_for(written, ["computer", "alexa"]) == {**written, "alexa": {}}
    assert words_to_listen_for(None, ["alexa"]) == {"alexa": {}}


def test_home_assistants_are_told_from_others() -> None:
    found = [
        Neighbour("Home Assistant", "Home", ("192.0.2.1",), 8123, {}),
        Neighbour("Home Assistant", "Hut", ("2001:db8::1",), 8123, {}),
        Neighbour("Home Assistant", "nowhere", (), 8123, {}),
        Neighbour("Ollama", "PC", ("192.0.2.2",), 11434, {}),
    ]
    assert home_assistants(found) == ["Home at http://192.0.2.1:8123", "Hut at http://[2001:db8::1]:8123"]


def test_what_brings_a_home_assistant_into_the_house_is_configuration() -> None:
    _, *lines = section("http://[2001:db8::1]:8123")
    told = yaml.safe_load("\n".join(lines))["services"]["homeassistant"]
    assert told == {"url": "http://[2001:db8::1]:8123", "token": "${HASS_TOKEN}"}


# -- the file --------------------------------------------------------------------------------------------------------

OURS = {"assistants": {"jarvis": {"language": "de"}}}


def test_a_new_file_is_written(tmp_path: Path) -> None:
    file = tmp_path / "config" / "assistant.yaml"
    saved = save(file, OURS)
    assert (saved.changed, saved.backup) == (True, None)
    assert yaml.safe_load(file.read_text()) == OURS
    assert file.read_text().startswith("# Written by `assistant setup`")


def test_what_a_person_wrote_stays_and_is_kept_as_a_copy(tmp_path: Path) -> None:
    file = tmp_path / "assistant.yaml"
    text = "# My own.\n\nhttp: {port: 99}  # odd\nassistants: {jarvis: {language: en, wake: [alexa]}}\n"
    file.write_text(text)
    file.chmod(0o600)
    saved = save(file, OURS)
    assert yaml.safe_load(file.read_text()) == {
        "http": {"port": 99},
        "assistants": {"jarvis": {"language": "de", "wake": ["alexa"]}},
    }
    assert file.read_text().startswith("# My own.\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert saved.backup is not None
    assert saved.backup.read_text() == text
    assert saved.backup.stat().st_mode & 0o777 == 0o600
    again = save(file, {"http": {"port": 1}})
    assert again.backup not in (None, saved.backup)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "assistant.yaml",
        "assistant.yaml.1.bak",
        "assistant.yaml.2.bak",
    ]


def test_a_file_that_says_it_all_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "assistant.yaml"
    file.write_text("assistants:   {jarvis: {language: de, wake: [alexa]}}   # untouched\n")
    before = file.read_bytes()
    assert not save(file, OURS).changed
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["assistant.yaml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("http: {port: 99}\n")
    (tmp_path / "assistant.yaml").symlink_to("real.yaml")
    save(tmp_path / "assistant.yaml", OURS)
    assert (tmp_path / "assistant.yaml").is_symlink()
    assert yaml.safe_load((tmp_path / "real.yaml").read_text()) == {"http": {"port": 99}, **OURS}


def test_a_folder_that_cannot_be_written_is_an_error_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no folder")
    with pytest.raises(ConfigError, match="cannot be written"):
        save(tmp_path / "config" / "assistant.yaml", OURS)
    broken = tmp_path / "assistant.yaml"
    broken.write_text("a: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        save(broken, OURS)
    assert broken.read_text() == "a: ["


# -- the draft -------------------------------------------------------------------------------------------------------


def test_answers_lie_above_what_is_configured(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "assistant.yaml").write_text(
        "assistants: {emma-2: {wake: [alexa], stt: my-ears}, jarvis: null}\n"
        "models: {my-ears: {engine: faster-whisper, beam: 1}}\n"
    )
    draft = Draft(None)
    assert (draft.assistant, draft.device, draft.model("stt"), draft.engine("stt")) == (
        "emma-2",
        "room",
        "my-ears",
        "faster-whisper",
    )
    draft.set("de", "assistants", draft.assistant, "language")
    draft.set("whisper-base", "models", "my-ears", "model")
    draft.set("12", "models", "microphone", "device")
    config = draft.loaded({"models": {"microphone": {"device": "yes"}}}).config
    assert config.assistants["emma-2"].language == "de"
    assert config.models["my-ears"].options == {"beam": 1, "model": "whisper-base"}
    assert config.models["microphone"].options["device"] == "yes"
    assert draft.loaded().config.models["microphone"].options["device"] == "12"
    assert draft.answered() == [
        ("assistants", "emma-2", "language"),
        ("models", "my-ears", "model"),
        ("models", "microphone", "device"),
    ]


def test_a_configuration_without_a_device_gets_one(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "assistant.yaml").write_text("devices: null\n")
    draft = Draft(None)
    assert list(draft.loaded().config.devices) == ["room"]


def test_a_file_that_is_named_may_still_have_to_be_made(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "assistant.yaml").write_text("assistants: {other: {}, jarvis: null}\n")
    draft = Draft(home / "mine.yaml")
    assert (draft.file, draft.assistant) == (home / "mine.yaml", "jarvis")
