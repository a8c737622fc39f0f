"""Sound as servers send it while they make it: WAV, whose header may not know how long it lasts, or bare samples.

Layout of WAV: https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
"""

import struct

from assistant import AudioChunk, AudioFormat

__all__ = ["PCM", "IncomingSound", "NoSound"]

PCM = AudioFormat(rate=24_000)
"""What `pcm` is (https://platform.openai.com/docs/guides/text-to-speech): 24 kHz, 16 bit, mono."""

_WHOLE_NUMBERS, _EXTENSIBLE = 1, 0xFFFE
_HEADER = 8192
"""Bytes before the first sample; a file with more was made to waste time."""
_NOBODY_KNOWS = 0x7FFF_0000
"""Sizes from here on are written by who cannot know the size, as is 0."""
_PIECE = 0.02
"""Seconds of the shortest piece but the last."""


class NoSound(Exception):
    """What came is no sound that can be played."""


class IncomingSound:
    """The bytes of one answer, as they come."""

    def __init__(self, *, bare: bool) -> None:
        """Take WAV; what has no header is samples as of `PCM` where *bare*."""
        self._bare = bare
        self._held = b""
        self._format: AudioFormat | None = None
        self._left: int | None = None
        """Bytes of sound that are still to come; None where nobody knows."""

    @property
    def over(self) -> bool:
        """Tell whether all of the sound is there, whatever follows it."""
        return self._left == 0

    @property
    def complete(self) -> bool:
        """Tell whether the answer may end here."""
        return self._format is not None and not self._left

    def push(self, data: bytes) -> AudioChunk | None:
        """Take what came, and return the sound in it once that is enough for a piece; raises NoSound."""
        self._held += data
        if self._format is None and not self._begins():
            return None
        assert self._format is not None
        return self._piece(self._format.size(_PIECE))

    def flush(self) -> AudioChunk | None:
        """Return what is left of the sound."""
        return self._piece(1) if self._format else None

    def _piece(self, least: int) -> AudioChunk | None:
        """Return the whole frames that are there, at least so many bytes of them or the last."""
        assert self._format is not None
        there = len(self._held) if self._left is None else min(len(self._held), self._left)
        size = there - there % self._format.frame
        if not size or (size < least and size != self._left):
            return None
        audio, self._held = self._held[:size], self._held[size:]
        if self._left is not None:
            self._left -= size
        return AudioChunk(audio, self._format)

    def _begins(self) -> bool:
        """Read the header; return whether all of it is there."""
        if len(self._held) < 12 and b"RIFF".startswith(self._held[:4]):
            return False
        if self._held[:4] != b"RIFF" or self._held[8:12] != b"WAVE":
            if not self._bare:
                raise NoSound("no WAV")
            self._format = PCM
            return True
        at, form = 12, None
        while at + 8 <= len(self._held):
            name, size = struct.unpack_from("<4sI", self._held, at)
            at += 8
            if name == b"data":
                if form is None:
                    raise NoSound("WAV without a format")
                known = 0 < size < _NOBODY_KNOWS
                self._format, self._left = form, size - size % form.frame if known else None
                self._held = self._held[at:]
                return True
            if name == b"fmt ":
                if at + min(size, 40) > len(self._held):
                    break
                form = _format(self._held[at : at + min(size, 40)])
            at += size + size % 2
        if max(at, len(self._held)) > _HEADER:
            raise NoSound("WAV without sound")
        return False


def _format(fields: bytes) -> AudioFormat:
    """Return the format that a header tells; raises NoSound for one that cannot be played."""
    if len(fields) < 16:
        raise NoSound("WAV of half a format")
    tag, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", fields)
    if tag == _EXTENSIBLE and len(fields) >= 26:
        (tag,) = struct.unpack_from("<H", fields, 24)
    if tag != _WHOLE_NUMBERS or bits not in (16, 24, 32):
        raise NoSound(f"WAV of {bits} bit in format {tag:#x}")
    if not 8000 <= rate <= 192_000 or channels not in (1, 2) or frame != channels * bits // 8:
        raise NoSound(f"WAV of {rate} Hz and {channels} channels")
    return AudioFormat(rate, bits // 8, channels)
