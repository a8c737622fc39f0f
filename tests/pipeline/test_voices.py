"""Who speaks: by language, and where somebody fails."""

from collections.abc import Mapping
from contextlib import aclosing

import pytest

from assistant import AudioChunk, AudioFormat, Capabilities, EngineError, EngineUnavailable, Kind, Priority, Voice
from assistant.config import AssistantConfig
from assistant.models.pool import Model, Pool
from assistant.pipeline.phrases import Phrases
from assistant.pipeline.voices import Voices
from assistant.testing import FakeTts, fake_spec

ENGLISH = Capabilities(languages=("en-US",), voices=(Voice("joe", "en-US"), Voice("mine")))
MANY = Capabilities(languages=("de", "en-us", "fr"), voices=(Voice("de", "de"), Voice("en-us", "en-us")))


def pool_of(engines: Mapping[str, FakeTts], **capabilities: Capabilities) -> Pool:
    specs = {name: fake_spec(name, Kind.TTS, tts, capabilities[name]) for name, tts in engines.items()}
    models = {name: Model(name, spec, spec.config(), capabilities[name]) for name, spec in specs.items()}
    return Pool(models, lambda config: config)


async def said(voices: Voices, text: str) -> list[AudioChunk]:
    async with aclosing(voices.say(text, Priority.VOICE, 5.0)) as sound:
        return [chunk async for chunk in sound]


@pytest.mark.parametrize(
    ("language", "voice", "models"),
    [
        ("en", "", ["piper", "espeak"]),
        ("en-GB", "", ["piper", "espeak"]),
        ("de-AT", "", ["espeak", "piper"]),
        ("pl", "", ["piper", "espeak"]),
        ("", "", ["piper", "espeak"]),
        ("de", "joe", ["espeak", "piper"]),
        ("de", "mine", ["piper", "espeak"]),
    ],
)
async def test_the_first_that_knows_the_language_is_preferred(language: str, voice: str, models: list[str]) -> None:
    pool = pool_of({"piper": FakeTts(), "espeak": FakeTts()}, piper=ENGLISH, espeak=MANY)
    assert Voices(pool, AssistantConfig(tts=["piper", "espeak"], voice=voice), language).models == models


async def test_a_voice_is_asked_for_by_name_where_it_is_known() -> None:
    pool = pool_of({"piper": FakeTts(), "espeak": FakeTts()}, piper=ENGLISH, espeak=MANY)
    voices = Voices(pool, AssistantConfig(tts=["piper", "espeak"], voice="joe"), "de")
    assert voices.voice("piper") == Voice("joe", "de")
    assert voices.voice("espeak") == Voice("", "de")
    voices = Voices(pool, AssistantConfig(tts=["piper", "espeak"], voice="nobody"), "de")
    assert (voices.voice("piper").name, voices.voice("espeak").name) == ("nobody", "")


async def test_where_one_fails_the_next_speaks_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    first, second = FakeTts(fails=EngineError("no breath")), FakeTts()
    pool = pool_of({"piper": first, "espeak": second}, piper=ENGLISH, espeak=MANY)
    voices = Voices(pool, AssistantConfig(tts=["piper", "espeak"]), "en")
    assert await said(voices, "One.")
    assert await said(voices, "Two.")
    assert second.said == ["One.", "Two."]
    assert caplog.messages.count("no breath; espeak speaks in its place") == 1
    await pool.close()


async def test_a_voice_that_cannot_be_opened_is_replaced() -> None:
    second = FakeTts()
    pool = pool_of({"piper": FakeTts(), "espeak": second}, piper=ENGLISH, espeak=MANY)
    pool._slots["piper"]._resolve = lambda config: (_ for _ in ()).throw(EngineError("it is not there"))
    assert await said(Voices(pool, AssistantConfig(tts=["piper", "espeak"]), "en"), "One.")
    assert second.said == ["One."]
    with pytest.raises(EngineUnavailable, match="it is not there"):
        await said(Voices(pool, AssistantConfig(tts="piper"), "en"), "One.")
    await pool.close()


async def test_the_apology_is_said_by_whom_there_is_and_by_the_best_at_last() -> None:
    first, second = FakeTts(), FakeTts()
    pool = pool_of({"piper": first, "espeak": second}, piper=ENGLISH, espeak=MANY)
    assistants = {"jarvis": AssistantConfig(tts=["piper", "espeak"])}
    phrases = Phrases()
    tones = phrases.apology("jarvis")
    await phrases.prepare(pool, assistants, "espeak")
    assert second.said == ["Sorry, that did not work."]
    assert phrases.apology("jarvis") != tones
    await phrases.prepare(pool, assistants, "piper")
    assert first.said == ["Sorry, that did not work."]
    await phrases.prepare(pool, assistants, "espeak")
    assert len(second.said) == 1
    await pool.close()


async def test_whoever_takes_any_language_can_say_sorry_in_each() -> None:
    first, second = FakeTts(), FakeTts(format=AudioFormat(16_000))
    pool = pool_of({"piper": first, "espeak": second}, piper=ENGLISH, espeak=MANY)
    assistants = {"jarvis": AssistantConfig(tts=["piper", "espeak"], language="auto")}
    phrases = Phrases()
    await phrases.prepare(pool, assistants)
    assert "Sorry, that did not work." in first.said
    assert "Entschuldigung, das hat nicht geklappt." in second.said
    assert phrases.apology("jarvis", "de") != phrases.apology("jarvis", "en")
    assert phrases.apology("jarvis", "de-CH") == phrases.apology("jarvis", "de")
    assert phrases.apology("jarvis", "pl") == phrases.apology("jarvis", "en")
    await pool.close()
