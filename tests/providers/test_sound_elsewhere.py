"""Another house hears and speaks for this one: its own doors for sound are spoken to through the bridge."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from assistant import AudioChunk, Kind, Priority, SttOptions, Voice, once
from assistant.assembly import Assembly
from assistant.audio import SPEECH
from assistant.convert import converted
from assistant.models.pool import leased
from assistant.paths import models_folder
from assistant.pipeline.utterance import Utterance, transcribe
from assistant.testing import check_stt, check_tts, page, scripted_server, tone
from assistant.wav import write_wav
from tests.doors import assembled
from tests.providers.test_providers import BRIDGE, KEY, house, section, state_of
from tests.running import CONFIG, Home

TEXT = "What time is it in the kitchen?"


async def test_ears_and_voice_of_another_house_keep_the_contract(home: Path) -> None:
    async with house(home / "a") as (_, there), house(home / "b", section(there)) as (here, port):
        await state_of(here, "awake")
        kinds = {model.id: model.kind for model in here.models() if "/" in model.id}
        assert kinds == {"pc/chat": Kind.CHAT, "pc/stt": Kind.STT, "pc/tts": Kind.TTS}
        async with here.pool.lease("pc/tts", Priority.API) as tts:
            await check_tts(tts)
        async with here.pool.lease("pc/stt", Priority.API) as stt:
            await check_stt(stt, [tone(0.01)] * 50)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1") as client:
            said = await client.audio.speech.create(model="pc/tts", voice="alloy", input=TEXT, response_format="wav")
            heard = await client.audio.transcriptions.create(model="pc/stt", file=("said.wav", said.content))
        assert said.content[:4] == b"RIFF" and heard.usage is not None and heard.usage.type == "duration"
        assert heard.usage.seconds > 0.2


async def test_what_the_owner_says_of_a_model_that_nobody_can_tell_by_its_name(home: Path) -> None:
    traits = "capabilities: {ear: {kind: stt, times: true, languages: [en]}, mouth: {kind: tts, voices: [ana, joe]}}"
    more = section(9, "models: [ear, mouth]", traits) + "assistants: {jarvis: {stt: pc/ear, tts: pc/mouth, turn: ''}}\n"
    async with assembled(home, more=more, with_plugin=BRIDGE) as (_, here):
        ear, mouth = (here.pool.model(name) for name in ("pc/ear", "pc/mouth"))
    assert (ear.spec.kind, mouth.spec.kind) == (Kind.STT, Kind.TTS)
    assert ear.capabilities.times and ear.capabilities.languages == ("en",)
    assert mouth.capabilities.voices == (Voice("ana"), Voice("joe"))


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Run a daemon that hears by Whisper and speaks by Piper; yield its port and its key."""
    home = Home(tmp_path_factory.mktemp("neighbour"))
    config = CONFIG.replace("fake-stt", "faster-whisper").replace("fake-tts", "piper")
    home.write(config + "aliases: {whisper-1: {model: stt}, tts-1: {model: tts}}\n")
    (home.folder / "data" / "models").symlink_to(models_folder())
    with home.daemon() as daemon:
        daemon.ready()
        yield int(daemon.address.rpartition(":")[2]), home.key
        assert daemon.stop() == 0


async def _spoken(here: Assembly) -> list[AudioChunk]:
    said = leased(here.pool, "pc/tts-1", Priority.API, lambda tts: tts.speak(once(TEXT), Voice()))
    async with aclosing(converted(said, SPEECH)) as sound:
        return [chunk async for chunk in sound]


@pytest.mark.once
async def test_what_another_house_speaks_it_hears_again(neighbour: tuple[int, str], home: Path) -> None:
    port, key = neighbour
    more = section(port, "models: [whisper-1, tts-1]").replace(KEY, key)
    async with assembled(home, more=more, with_plugin=BRIDGE) as (_, here):
        spoken = await _spoken(here)
        async with here.pool.lease("pc/whisper-1", Priority.API) as stt:
            asked = stt.transcribe(once(*spoken), SttOptions("en", words=True))
            [heard] = [each async for each in asked]
    words = re.findall(r"\w+", TEXT.lower())
    assert re.findall(r"\w+", heard.text.lower()) == words
    assert [re.sub(r"\W", "", word.text.lower()) for word in heard.words] == words
    assert heard.segments and 0.5 < heard.words[-1].end <= sum(chunk.duration for chunk in spoken)


def _deaf(path: str) -> Sequence[Any]:
    """Answer as a server that has a recogniser, which fails at every sound."""
    once = ("application/json", "Connection: close")
    if path == "/v1/models":
        return page("200 OK", b'{"data": [{"id": "whisper-1"}]}', *once)
    return page("500 Internal Server Error", b'{"error": {"message": "out of memory"}}', *once)


@pytest.mark.once
async def test_where_one_server_cannot_hear_the_next_does(
    neighbour: tuple[int, str], home: Path, tmp_path: Path
) -> None:
    port, key = neighbour
    async with scripted_server(_deaf) as deaf:
        first = section(deaf.port, "models: [whisper-1]").replace("{pc:", "{gone:").removesuffix("}\n")
        other = section(port, "models: [whisper-1, tts-1]").replace(KEY, key).removeprefix("providers: {")
        names = "[gone/whisper-1, pc/whisper-1]"
        more = f"{first}, {other}aliases: {{ears: {{model: {names}}}}}\nassistants: {{jarvis: {{stt: {names}}}}}\n"
        async with house(home, more) as (here, mine):
            spoken = await _spoken(here)
            write_wav(tmp_path / "said.wav", spoken)
            said = (tmp_path / "said.wav").read_bytes()
            turn = here.turn("jarvis")
            heard = await transcribe(Utterance(tuple(spoken), 0.0, 2.0, 0.0), turn, turn.expected)
            async with openai.AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{mine}/v1", max_retries=0) as client:
                whole = await client.audio.transcriptions.create(model="ears", file=("said.wav", io.BytesIO(said)))
            form = aiohttp.FormData({"sound": "false"})
            form.add_field("audio", said, filename="said.wav")
            url = f"http://127.0.0.1:{mine}/api/turn"
            headers = {"Authorization": f"Bearer {KEY}"}
            async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
                told = (await answer.text()).strip().rpartition("data: ")[2]
        words = re.findall(r"\w+", TEXT.lower())
        assert re.findall(r"\w+", heard.text.lower()) == re.findall(r"\w+", whole.text.lower()) == words
        assert json.loads(told)["models"]["stt"] == "pc/whisper-1"
        assert [asked.path for asked in deaf.heard].count("/v1/audio/transcriptions") == 1  # then its breaker is open
