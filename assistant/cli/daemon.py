"""A running daemon as commands use it whose words or sound come in pieces; `door` is for everything else."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from assistant.access.owner import api_key
from assistant.audio import SPEECH, AudioChunk
from assistant.cli.door import failure, trust, unreachable
from assistant.errors import AudioTooLong, ServiceError
from assistant.paths import state_folder
from assistant.serving import SPOKEN
from assistant.speech import Transcript, Voice
from assistant.state.lock import Owner, owner
from assistant.streams import in_thread
from assistant.wav import read_speech, wav_header

if TYPE_CHECKING:
    from assistant.cli import Settings

__all__ = ["SPOKEN_AT_ONCE", "Daemon", "running_daemon"]

SPOKEN_AT_ONCE = 4096
"""Characters that the door speaks at once."""

_CONNECTS = 10.0
"""Seconds in which the daemon must take a connection."""
_SILENT = 600.0
"""Seconds after which it is not alive any more; what it waits for itself takes less long."""
_MOST = 24_000_000
"""Bytes of a recording that the door takes, and a little less."""


class Daemon:
    """A running daemon."""

    def __init__(self, session: aiohttp.ClientSession, running: Owner) -> None:
        self._session = session
        self._running = running

    async def transcript(self, recording: Path, model: str, language: str = "") -> Transcript:
        """Return what a model of the daemon hears in a WAV file.

        Raises AudioError for a file that is no sound, AudioTooLong for one that is more than the door takes.
        """
        form = aiohttp.FormData({"model_id": model, "language": language})
        form.add_field("audio", await in_thread(lambda: _speech(recording)), filename="recording.wav")
        async with self._answer("/api/audio/transcribe", data=form) as answer:
            heard = await answer.json()
        return Transcript(heard["text"], heard["language"])

    async def speech(self, text: str, model: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Yield *text*, up to `SPOKEN_AT_ONCE` characters, as a model of the daemon says it."""
        body = {"text": text, "model_id": model, "voice": voice.name, "language": voice.language, "speed": voice.speed}
        left = b""
        async with self._answer("/api/audio/text-to-speech", json=body | {"format": "pcm"}) as answer:
            async for piece in answer.content.iter_any():
                sound = left + piece
                whole = len(sound) - len(sound) % SPOKEN.frame
                left = sound[whole:]
                if whole:
                    yield AudioChunk(sound[:whole], SPOKEN)

    async def events(self, path: str, body: object, *, last: str) -> AsyncGenerator[tuple[str, Any], None]:
        """Yield the server-sent events that a request is answered with, by name; one called *last* ends them.

        Raises what failed in the daemon, and ServiceError where it goes away.
        """
        async with self._answer(path, json=body) as answer, aclosing(_split(answer.content)) as events:
            async for event in events:
                head, _, data = event.partition("\n")
                name, told = head.removeprefix("event: "), json.loads(data.removeprefix("data: "))
                if name == "error":
                    raise failure(told)
                yield name, told
                if name == last:
                    return
            raise aiohttp.ClientPayloadError("it ended too early")

    @asynccontextmanager
    async def _answer(self, path: str, **content: Any) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        begun = False
        try:
            async with self._session.post(path, **content) as answer:
                if answer.status >= 400:
                    raise failure((await answer.json())["error"])
                begun = True
                yield answer
        except (OSError, aiohttp.ClientError) as error:
            if not begun:
                raise unreachable(self._running, error) from None
            raise ServiceError(
                f"the daemon (process {self._running.pid}) went away in the middle of its answer",
                hint="`journalctl -u inglenook` shows its log; ask again once it is back, or without it",
            ) from None


@asynccontextmanager
async def running_daemon(settings: "Settings") -> AsyncGenerator[Daemon | None, None]:
    """Have the daemon that runs on this machine's state folder; None where none does, or its HTTP door is closed."""
    running = owner(state_folder())
    if running is None or not running.address:
        yield None
        return
    async with aiohttp.ClientSession(
        running.address,
        headers={"Authorization": f"Bearer {api_key(settings.load().config.http)}"},
        connector=aiohttp.TCPConnector(ssl=trust()),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECTS, sock_read=_SILENT),
    ) as session:
        yield Daemon(session, running)


async def _split(content: aiohttp.StreamReader) -> AsyncGenerator[str, None]:
    """Yield each event of a stream, however long its line is."""
    left = b""
    async for piece in content.iter_any():
        *whole, left = (left + piece).split(b"\n\n")
        for event in whole:
            yield event.decode()


def _speech(recording: Path) -> bytes:
    """Return a WAV file as what every listening engine receives, which is a third of most."""
    sound = bytearray(wav_header(SPEECH))
    for chunk in read_speech(recording):
        sound += chunk.audio
        if len(sound) > _MOST:
            minutes = SPEECH.seconds(_MOST) / 60
            raise AudioTooLong(f"{recording} lasts more than {minutes:.0f} minutes", hint="give a part of it")
    return bytes(sound)
