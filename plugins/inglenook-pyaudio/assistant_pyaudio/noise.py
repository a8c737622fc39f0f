"""Send what the libraries below PortAudio print on standard error to the log instead.

Looking for devices makes ALSA and JACK complain of every kind of device that this machine does not have: dozens of
lines that mean nothing. Their own hooks are used: redirecting the file descriptor would lose other threads' lines.
PortAudio has no such hook: a device that refuses or goes away costs three lines that begin with `Expression`.
"""

import ctypes
import functools
import logging
from typing import Any

__all__ = ["silence_libraries"]

log = logging.getLogger(__name__)


def _alsa(file: bytes, line: int, function: bytes, code: int, text: bytes) -> None:
    log.debug("ALSA: %s: %s", _shown(function), _shown(text))  # the arguments of the format cannot be read


def _jack(text: bytes) -> None:
    log.debug("JACK: %s", _shown(text))


def _shown(text: bytes | None) -> str:
    return (text or b"").decode(errors="replace").strip()


@functools.cache
def silence_libraries() -> None:
    """Install the hooks, once; where a library is not there, nothing needs to be silenced."""
    for library, hook, handler in _HOOKS:
        try:
            getattr(ctypes.CDLL(library), hook)(handler)
        except (OSError, AttributeError):
            log.debug("%s has no %s", library, hook)


_TEXT = ctypes.c_char_p
_ALSA = ctypes.CFUNCTYPE(None, _TEXT, ctypes.c_int, _TEXT, ctypes.c_int, _TEXT)(_alsa)
_JACK = ctypes.CFUNCTYPE(None, _TEXT)(_jack)

_HOOKS: tuple[tuple[str, str, Any], ...] = (
    ("libasound.so.2", "snd_lib_error_set_handler", _ALSA),
    ("libjack.so.0", "jack_set_error_function", _JACK),
    ("libjack.so.0", "jack_set_info_function", _JACK),
)
