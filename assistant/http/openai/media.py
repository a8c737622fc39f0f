"""Pictures and sound within a message: they come with the request. Nothing is fetched for anybody."""

import base64
import binascii
import re

from assistant.audio import AudioChunk
from assistant.chat import AudioPart, ImagePart
from assistant.errors import AudioError
from assistant.http.problem import Problem
from assistant.images import read_image
from assistant.wav import decode_wav

__all__ = ["image_part", "wav_part"]

_DATA = re.compile(r"data:image/[\w.+-]{1,32};base64,", re.ASCII | re.IGNORECASE)
"""How a picture begins that is in its own address (RFC 2397)."""
_RATES = range(8_000, 192_001)
"""Samples a second of a sound that is taken."""
_CHANNELS = 8
"""Channels of a sound that is taken."""
_SECONDS = 600.0
"""Length of a sound that is taken."""


def image_part(url: str, key: str) -> ImagePart:
    """Return the picture that *url* holds.

    Raises Problem for any address that is not `data:`, ImageError for what is no picture that can be looked at.
    """
    start = _DATA.match(url)
    if not start:
        message = f"{key}: only pictures that are in the request are taken, as data:image/…;base64,… addresses"
        raise Problem(400, "unsupported_image_url", message, "nothing is fetched from other addresses", key=key)
    return ImagePart(read_image(_decoded(url[start.end() :], key)))


def wav_part(data: str, key: str) -> AudioPart:
    """Return the sound of a WAV file in base64; raises Problem, AudioError where there is none that is taken."""
    sound = decode_wav(_decoded(data, key))
    _check(sound)
    return AudioPart(sound)


def _decoded(data: str, key: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "bad_base64", f"{key}: the data is no base64", key=key) from None


def _check(sound: AudioChunk) -> None:
    form = sound.format
    if form.rate not in _RATES or form.channels > _CHANNELS or sound.duration > _SECONDS:
        raise AudioError(
            f"the sound has {form.rate} Hz, {form.channels} channels, {sound.duration:.0f} s",
            hint=f"send 8 to 192 kHz, up to {_CHANNELS} channels and {_SECONDS:g} s",
        )
