"""Putting an assistant together: what the configuration says must fit what the plugins offer."""

from pathlib import Path

import pytest

from assistant import Capabilities, ConfigError, EngineUnavailable, Kind, hookimpl
from assistant.config import load
from assistant.engines import AnySpec
from assistant.models.configured import read_models
from assistant.models.pool import Model, Pool
from assistant.plugins import Plugins
from assistant.testing import (
    FakeChat,
    FakeIntent,
    FakeStt,
    FakeTts,
    FakeTurn,
    FakeVad,
    FakeWake,
    fake_spec,
    run_in_virtual_time,
)

CONFIG = """
devices: null
models: {stt: {engine: s}, chat: {engine: c}, tts: {engine: t}, turn: {engine: u}, intent: {engine: i},
         wake: null, vad: null, microphone: null, speaker: null}
"""


class Fakes:
    """A plugin with a fake of each kind."""

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        return [
            fake_spec("s", Kind.STT, FakeStt()),
            fake_spec("c", Kind.CHAT, FakeChat()),
            fake_spec("t", Kind.TTS, FakeTts()),
            fake_spec("u", Kind.TURN, FakeTurn()),
            fake_spec("i", Kind.INTENT, FakeIntent()),
        ]


@pytest.mark.parametrize(
    ("key", "model", "kind"), [("stt", "chat", "stt"), ("tts", "stt", "tts"), ("chat", "tts", "chat")]
)
def test_a_model_of_another_kind_is_refused(tmp_path: Path, key: str, model: str, kind: str) -> None:
    file = tmp_path / "assistant.yaml"
    file.write_text(CONFIG + f"assistants: {{jarvis: {{{key}: {model}}}}}\n")
    plugins = Plugins()
    plugins.add("fakes", Fakes)
    with pytest.raises(ConfigError, match=f"assistants.jarvis.{key}: the model '{model}' .* {kind} is needed") as error:
        read_models(load(file, {}), plugins)
    assert f"of that kind: {kind}" in error.value.hint


def test_a_model_whose_plugin_was_set_aside_fails_and_one_that_nobody_uses_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "assistant.yaml"
    file.write_text(CONFIG.replace("engine: t}", "engine: broken-voice}, spare: {engine: broken-voice, size: 3}"))
    plugins = Plugins()
    plugins.add("fakes", Fakes)
    plugins.add("broken", lambda: 1 / 0)
    models = read_models(load(file, {}), plugins)
    assert set(models) == {"stt", "chat", "tts", "turn", "intent"}
    assert (models["tts"].spec.name, models["tts"].spec.kind) == ("broken-voice", Kind.TTS)
    assert "models.spare: there is no engine 'broken-voice': plugin broken was set aside" in caplog.text
    pool = Pool(models, lambda config: config)

    async def main() -> None:
        with pytest.raises(EngineUnavailable, match=r"model tts: .* plugin broken was set aside: ZeroDivisionError"):
            await pool.open("tts")
        await pool.open("chat")
        await pool.close()

    run_in_virtual_time(main())


def test_a_plugin_that_is_set_aside_later_keeps_what_is_open_and_opens_no_more(tmp_path: Path) -> None:
    file = tmp_path / "assistant.yaml"
    file.write_text(CONFIG)
    plugins = Plugins()
    plugins.add("fakes", Fakes)
    pool = Pool(read_models(load(file, {}), plugins), lambda config: config)

    async def main() -> None:
        await pool.open("chat")
        plugins.set_aside("fakes", RuntimeError("no luck"))
        async with pool.lease("chat"):
            pass
        with pytest.raises(EngineUnavailable, match=r"model stt: .* plugin fakes was set aside: RuntimeError: no luck"):
            await pool.open("stt")
        await pool.close()

    run_in_virtual_time(main())


@pytest.mark.parametrize(("kind", "engine"), [(Kind.WAKE, FakeWake()), (Kind.VAD, FakeVad())])
def test_any_number_of_rooms_share_an_engine_that_forks(kind: Kind, engine: object) -> None:
    spec = fake_spec("shared", kind, engine, Capabilities(parallel=1))
    pool = Pool({"shared": Model("shared", spec, spec.config(), Capabilities(parallel=1))}, lambda config: config)

    async def main() -> None:
        async with pool.lease("shared") as first, pool.lease("shared") as second:
            assert first is second
        await pool.close()

    run_in_virtual_time(main())
