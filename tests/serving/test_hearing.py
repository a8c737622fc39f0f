"""Recordings that one of several recognisers is to hear."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from assistant import AudioError, Capabilities, EngineError, EngineUnavailable, Kind, SttOptions, UnfitModel
from assistant.config.assistants import AssistantConfig
from assistant.config.doors import AliasConfig
from assistant.engines import EngineConfig
from assistant.models.pool import Model, Pool
from assistant.routing import State
from assistant.serving import Hearing, Names, Sounds
from assistant.testing import FakeStt, fake_spec, tone
from assistant.wav import wav_header

WORDS = wav_header(tone(0.1).format) + tone(0.5).audio
ENGLISH = SttOptions("en")


@asynccontextmanager
async def hearing(there: FakeStt, here: FakeStt, strategy: str = "order") -> AsyncGenerator[Hearing, None]:
    """Make what asks a recogniser elsewhere, and one that is here and tells times, under one name."""
    far = Capabilities(("en",), local=False)
    models = {
        "pc/ear": Model("pc/ear", fake_spec("far", Kind.STT, there), EngineConfig(), far),
        "ear": Model("ear", fake_spec("near", Kind.STT, here), EngineConfig(), Capabilities(times=True)),
    }
    pool = Pool(models, lambda config: config)
    section = AliasConfig(model=["pc/ear", "ear"], strategy=strategy)  # type: ignore[arg-type]
    try:
        yield Hearing(pool, Names(pool.status, {"ears": section}), Sounds(pool, 10.0), 4, 5.0)
    finally:
        await pool.close()


async def test_the_next_hears_where_one_fails_and_the_one_that_failed_is_left_alone_for_a_while() -> None:
    there, here = FakeStt([EngineUnavailable("asleep"), "Never."]), FakeStt(["First.", "Second."])
    async with hearing(there, here) as door:
        for words in ("First.", "Second."):
            heard = await door.transcript(door.named("ears", ENGLISH), WORDS, ENGLISH)
            assert (heard.transcript.text, heard.model, heard.seconds) == (words, "ear", 0.5)
        assert len(there.heard) == 1 and len(here.heard) == 2


async def test_where_the_last_fails_that_is_said() -> None:
    async with hearing(FakeStt([EngineError("there")]), FakeStt([EngineError("here")])) as door:
        with pytest.raises(EngineError, match="here"):
            await door.transcript(door.named("ears", ENGLISH), WORDS, ENGLISH)


async def test_a_file_that_is_no_sound_is_nobodys_failure() -> None:
    there, here = FakeStt(), FakeStt()
    async with hearing(there, here) as door:
        with pytest.raises(AudioError):
            await door.transcript(door.named("ears", ENGLISH), WORDS[:20], ENGLISH)
        assert not here.heard and door.health.state("pc/ear") is State.CLOSED
        assert door.health.measured("pc/ear").failures == 0


async def test_who_cannot_do_what_is_asked_is_not_asked() -> None:
    async with hearing(FakeStt(["Far."]), FakeStt(["Near."] * 9)) as door:
        assert door.named("ears", ENGLISH).route.models == ("pc/ear", "ear")
        for options in (SttOptions("de"), SttOptions("en", words=True)):
            assert door.named("ears", options).route.models == ("ear",)
        assert door.named("ears", ENGLISH, timed=True).route.models == ("ear",)
        with pytest.raises(UnfitModel, match="ears does not translate"):
            door.named("ears", SttOptions(translate=True))
        with pytest.raises(UnfitModel, match="pc/ear does not know 'de'"):
            door.named("pc/ear", SttOptions("de"))
        both = AssistantConfig(stt=["pc/ear", "ear"])
        assert door.of(both, SttOptions("de")).route.models == ("ear",)
        assert (await door.transcript(door.of(both, ENGLISH), WORDS, ENGLISH)).model == "pc/ear"


async def test_what_is_private_is_heard_here() -> None:
    there = FakeStt(["Far."])
    async with hearing(there, FakeStt(["Near."] * 9), "private") as door:
        heard = await door.transcript(door.named("ears", ENGLISH), WORDS, ENGLISH)
        assert heard.model == "ear" and not there.heard
        alone = AssistantConfig(stt="pc/ear", strategy="private")
        with pytest.raises(UnfitModel, match="is not on this machine"):
            door.of(alone, ENGLISH)
