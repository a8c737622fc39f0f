"""What `/v1/audio/transcriptions` takes beside faster-whisper, called directly with the same model and settings.

Claim: at most 1.05 of its time (the sum over the files of the medians of several runs): upload, checks, decoding and
queue included. Both read the same files, WAV and MP3, through the same library; beam, arithmetic and threads are the
same, and so is what both do with a prompt (none) and with words (no times). They run in pairs, the one and the other
first in turn, so a busy machine is busy for both. The sentences are read by Piper.
"""

import asyncio
import io
import statistics
import time
from collections import defaultdict
from contextlib import AsyncExitStack, aclosing

import aiohttp
from assistant_av import AvConfig, assistant_engines, open_av
from assistant_faster_whisper import FasterWhisperConfig
from assistant_faster_whisper import assistant_engines as whisper_engines
from assistant_piper import PiperConfig, open_piper
from faster_whisper import WhisperModel

from assistant import SPEECH, Voice, once, usable_cores
from assistant.config import HttpConfig
from assistant.convert import converted
from assistant.events import EventBus
from assistant.http.app import make_app, serve
from assistant.http.openai import audio
from assistant.models.pool import Model, Pool
from assistant.serving import Hearing, Names, Sounds, Speaking
from assistant.testing import model_path
from assistant.wav import wav_header

KEY = "the key of the benchmark"
ROUNDS = 9
COMMAND = "Turn on the light in the kitchen."
LETTER = (
    "Dear Mary, thank you for the book that you sent me. I read it on the train, and I could not put it down until the"
    " last page. On Sunday we shall visit my sister, and I am going to give it to her."
)
STORY = (
    "A fisherman lived with his wife in a small house near the sea. Every morning he went out in his boat, and every"
    " evening he came home with what he had caught. One day he pulled up his net, and there was nothing in it but one"
    " golden fish. The fish began to speak. It asked him to let it go, and promised to give him whatever he wanted."
    " The man was afraid, for he had fished for thirty years and had never heard a fish say a word. So he put it back"
    " into the water and asked for nothing. When he came home he told his wife what had happened, and she was angry."
    " She said that he should have asked for a new house at least. The next day he went to the sea and called the fish."
)


async def files() -> dict[str, bytes]:
    """Return recordings of a command, a letter and a story of half a minute, as WAV and MP3."""
    made = {}
    async with open_piper(PiperConfig(model=model_path("piper-en_US-joe-medium"))) as piper, open_av(AvConfig()) as av:
        for name, text in (("command", COMMAND), ("letter", LETTER), ("story", STORY)):
            async with aclosing(converted(piper.speak(once(text), Voice()), SPEECH)) as sound:
                chunks = [chunk async for chunk in sound]
            made[f"{name}.wav"] = wav_header(SPEECH) + b"".join(chunk.audio for chunk in chunks)
            made[f"{name}.mp3"] = b"".join([piece async for piece in av.encode(once(*chunks), "mp3")])
    return made


def pool() -> Pool:
    """Return the engines of the door: Whisper and the codec."""
    models = {}
    whisper = FasterWhisperConfig(model=model_path("whisper-tiny.en"), device="cpu")
    for id_, spec, config in (("stt", whisper_engines()[0], whisper), ("av", assistant_engines()[0], AvConfig())):
        models[id_] = Model(id_, spec, config, spec.describe(config))  # type: ignore[arg-type]
    return Pool(models, lambda config: config)


def direct(whisper: WhisperModel, file: bytes) -> str:
    """Return what faster-whisper itself hears."""
    segments, _ = whisper.transcribe(io.BytesIO(file), beam_size=5, language="en")
    return "".join(segment.text for segment in segments)


async def asked(session: aiohttp.ClientSession, file: bytes) -> str:
    """Return what the door tells."""
    form = aiohttp.FormData({"language": "en", "response_format": "text"})
    form.add_field("file", io.BytesIO(file), filename="recording")
    async with session.post("/v1/audio/transcriptions", data=form) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def main() -> None:
    """Measure both in turn, several times."""
    recordings, engines = await files(), pool()
    whisper = WhisperModel(
        model_path("whisper-tiny.en"), device="cpu", compute_type="int8", cpu_threads=max(1, usable_cores() - 1)
    )
    names, sounds = Names(engines.status, {}), Sounds(engines, 3600.0)
    routes = audio.routes(Hearing(engines, names, sounds, 4, 120.0), Speaking(engines, names, sounds, 4, 120.0))
    config = HttpConfig(port=0, key=KEY)
    took = defaultdict[tuple[str, str], list[float]](list)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engines.close)
        port = await stack.enter_async_context(serve(make_app(config, EventBus(), dict, {}, routes), config))
        session = aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"})
        await stack.enter_async_context(session)
        await engines.open("stt")
        sides = {
            "direct": lambda file: asyncio.to_thread(direct, whisper, file),
            "door": lambda file: asked(session, file),
        }
        for turn in range(ROUNDS + 1):
            for name, file in recordings.items():
                for side in sorted(sides, reverse=bool(turn % 2)):
                    began = time.perf_counter()
                    await sides[side](file)
                    if turn:  # the first one warms up
                        took[side, name].append(time.perf_counter() - began)
    middle = {key: statistics.median(times) for key, times in took.items()}
    total = {side: sum(middle[side, name] for name in recordings) for side in sides}
    for name in recordings:
        ours, theirs = middle["door", name], middle["direct", name]
        pairs = statistics.median(a / b for a, b in zip(took["door", name], took["direct", name], strict=True))
        print(f"{name:12} door {ours:.3f} s, direct {theirs:.3f} s, ratio {ours / theirs:.2f}, of pairs {pairs:.2f}")
    print(f"all          ratio {total['door'] / total['direct']:.2f} (medians of {ROUNDS}; claim: at most 1.05)")


if __name__ == "__main__":
    asyncio.run(main())
