"""A room around the card: what its speaker plays comes back into its microphone, later, quieter and with reverberation.

It is a process of its own, so that it keeps time however busy the program is that uses the card.
"""

import array
import fcntl
import subprocess
import sys
import termios
from dataclasses import astuple, dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Room"]

_RATE = 16_000
"""Hertz of the sound in the room."""
_STEP = 320
"""Samples that are carried at once: 20 ms."""
_AHEAD = 8192
"""Bytes that wait for the microphone, a quarter of a second: where they run out, the server begins anew, and later;
where there are more, the echo would be late."""
_SCATTER = 0.7
"""Level of the reverberation, as a share of that of the direct sound."""
_OPTIONS = ["--raw", "--format=s16le", f"--rate={_RATE}", "--channels=1"]


@dataclass(frozen=True, slots=True)
class Room:
    """How a room carries sound from the speaker to the microphone."""

    gain: float = 0.3
    """How loud the echo is at the microphone, as a factor."""
    delay: float = 0.0
    """Seconds that the sound takes, beyond the tenth of a second or two that programs and server need anyhow."""
    reverberation: float = 0.3
    """Seconds until the reverberation has decayed by 60 dB."""

    def command(self, speaker: str, microphone: str) -> list[str]:
        """Return the arguments with which Python lets *microphone* hear *speaker*; it prints a line once it does."""
        return ["-m", __name__, speaker, microphone, *map(str, astuple(self))]

    def response(self) -> "Floats":
        """Return the room's impulse response at 16 kHz: the direct sound, and noise that decays exponentially."""
        import numpy as np

        time = np.arange(1, round(self.reverberation * _RATE)) / _RATE
        tail = np.random.default_rng(1).standard_normal(len(time)) * 10 ** (-3 * time / (self.reverberation or 1))
        tail *= _SCATTER / np.sqrt((tail**2).sum() or 1)
        sound = np.concatenate((np.zeros(round(self.delay * _RATE)), [1.0], tail))
        return np.asarray(self.gain * sound / np.sqrt((sound**2).sum()))


def _carry(response: "Floats", speaker: IO[bytes], microphone: IO[bytes]) -> None:
    """Play into *microphone* what comes back of *speaker*, both 16 kHz mono, until that ends."""
    import numpy as np

    past = np.zeros(1 << (len(response) + _STEP).bit_length())
    spectrum = np.fft.rfft(response, len(past))
    microphone.write(bytes(_AHEAD))
    while step := np.frombuffer(speaker.read(2 * _STEP), "<i2").tolist():
        past = np.concatenate((past[len(step) :], step))
        echo = np.fft.irfft(np.fft.rfft(past) * spectrum)[-len(step) :]
        microphone.write(np.clip(np.rint(echo), -32768, 32767).astype("<i2").tobytes())
        while _waiting(speaker) > _AHEAD:  # a busy machine held us up, and the echo would be late from now on
            speaker.read(2 * _STEP)


def _waiting(pipe: IO[bytes]) -> int:
    """Return how many bytes can be read at once."""
    size = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, size)
    return size[0]


def _main(speaker: str, microphone: str, *numbers: str) -> None:
    response = Room(*map(float, numbers)).response()
    record = ["parec", f"--device={speaker}.monitor", "--latency-msec=20", *_OPTIONS]
    play = ["pacat", "--playback", f"--device={microphone}", "--latency-msec=300", *_OPTIONS]
    with (
        subprocess.Popen(record, stdout=subprocess.PIPE, bufsize=0) as recording,  # noqa: S603 - the card's own command
        subprocess.Popen(play, stdin=subprocess.PIPE, bufsize=0, pipesize=_AHEAD) as playing,  # noqa: S603 - the same
    ):
        assert recording.stdout is not None and playing.stdin is not None
        sys.stdout.write("carrying\n")
        sys.stdout.flush()
        _carry(response, recording.stdout, playing.stdin)


if __name__ == "__main__":
    _main(*sys.argv[1:])
