"""One device as a system sees it: a microphone at the pace of the world, and a speaker that knows when it sounds.

Every system hears through `Stage.capture` and speaks through `Take.play`, whatever process or library it runs in.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voice.sound import RATE, Samples, noise, to_bytes

__all__ = ["Stage", "Take"]

_AUDIBLE = 0.003
"""Share of full scale above which a sample of an answer is no silence: -50 dB."""
_ROOM = to_bytes(noise(RATE, -66.0, seed=0))
"""A second of what is heard between utterances."""


@dataclass
class Take:
    """One utterance at one device, and what came of it. Times are seconds since the utterance's first sample."""

    last: float
    """When the last voiced sample ends, by the label; the systems do not get to know."""
    began: float = 0.0
    """When the first sample was captured, on the clock of the event loop."""
    ends: list[float] = field(default_factory=list)
    """When the system took the turn for finished."""
    resumed: list[float] = field(default_factory=list)
    """When it took that back, because the person went on."""
    sounds: list[float] = field(default_factory=list)
    """When the first audible sample of an answer left the speaker; one more for each answer."""
    transcripts: list[str] = field(default_factory=list)
    """What was understood, piece by piece; what is answered is all of it."""
    reply: str = ""
    """The words of the answer so far."""
    error: str = ""
    """What failed."""
    receipt: dict[str, Any] = field(default_factory=dict)
    """What the system itself says of the turn."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the first sample is being captured."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once an answer sounds after the last voiced sample, or none can come any more."""
    _playing_until: float = 0.0
    _silent: bool = True

    @property
    def now(self) -> float:
        """Return the time."""
        return asyncio.get_running_loop().time() - self.began

    def end(self) -> None:
        """Note that the system takes the turn for finished: what sounds from now on is a new answer."""
        self.ends.append(self.now)
        self._silent = True

    def resume(self) -> None:
        """Note that the system has heard the person go on after all."""
        self.resumed.append(self.now)

    def mark(self, stage: str) -> None:
        """Note in the receipt when a stage of the turn is first reached."""
        self.receipt.setdefault(stage, self.now)

    def play(self, pcm: bytes, rate: int) -> None:
        """Take mono 16-bit sound of an answer; it sounds now, or after what is still playing."""
        samples = np.frombuffer(pcm, "<i2")
        starts = max(self._playing_until, self.now)
        self._playing_until = starts + len(samples) / rate
        audible = np.abs(samples.astype(np.int32)) > _AUDIBLE * 32768
        if self._silent and audible.any():
            self._silent = False
            self.sounds.append(starts + float(audible.argmax()) / rate)
            if self.sounds[-1] > self.last:
                self.over.set()

    def hush(self) -> None:
        """Drop what was not played yet."""
        self._playing_until = 0.0


class Stage:
    """A device. Between utterances its microphone hears the room."""

    def __init__(self, device: int) -> None:
        self.device = device
        self.take: Take | None = None
        self._next: tuple[bytes, Take] | None = None
        self._sound = b""
        self._at = 0

    def play(self, samples: Samples, last: float) -> Take:
        """Let an utterance begin with the next chunk that is captured."""
        self.take = Take(last)
        self._next = to_bytes(samples), self.take
        return self.take

    @property
    def current(self) -> Take:
        """Return the utterance that is being played, or was last."""
        assert self.take is not None
        return self.take

    def quiet(self) -> None:
        """Break the utterance off: the room is heard again."""
        self._sound = b""

    async def capture(self, seconds: float) -> AsyncGenerator[tuple[float, bytes], None]:
        """Yield chunks of *seconds* and the time of their first sample, each when its last sample was captured."""
        loop = asyncio.get_running_loop()
        size = round(seconds * RATE) * 2
        began = loop.time()
        for n in itertools.count():
            at = began + n * seconds
            if self._next is not None:
                (self._sound, take), self._next, self._at = self._next, None, 0
                take.began = at
                take.begun.set()
            await asyncio.sleep(at + seconds - loop.time())
            chunk = self._sound[self._at : self._at + size]
            self._at += size
            yield at, chunk + _ROOM[: size - len(chunk)]
