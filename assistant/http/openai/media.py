"""Pictures within a message, which come with the request."""

import base64
import binascii
import re

from assistant.chat import ImagePart
from assistant.http.problem import Problem
from assistant.images import read_image

__all__ = ["decoded", "image_part"]

_DATA = re.compile(r"data:image/[\w.+-]{1,32};base64,", re.ASCII | re.IGNORECASE)
"""How a picture begins that is in its own address (RFC 2397)."""


def image_part(url: str, key: str) -> ImagePart:
    """Return the picture that *url* holds.

    Raises Problem for any address that is not `data:`, ImageError for what is no picture that can be looked at.
    """
    start = _DATA.match(url)
    if not start:
        message = f"{key}: only pictures that are in the request are taken, as data:image/…;base64,… addresses"
        hint = "http.media names hosts from which /v1/chat/completions and /v1/responses may fetch them"
        raise Problem(400, "unsupported_image_url", message, hint, key=key)
    return ImagePart(read_image(decoded(url[start.end() :], key)))


def decoded(data: str, key: str) -> bytes:
    """Return what *data* is in base64; raises Problem where it is none."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "bad_base64", f"{key}: the data is no base64", key=key) from None
