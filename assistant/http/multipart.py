"""The parts of a form (`multipart/form-data`, RFC 7578), out of a body that is whole and of bounded size."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Part", "boundary_of", "parts"]

_BOUNDARY = 70
"""Characters of a boundary (RFC 2046, 5.1.1)."""
_HEADERS = 4_000
"""Bytes of the headers of a part."""

_PARAMETER = r';\s*([^\s;="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*'
_ONE = re.compile(_PARAMETER)
_ALL = re.compile(rf"(?:{_PARAMETER})*;?")


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form."""

    name: str
    """Its name; empty where it has none."""
    content: bytes
    """What it holds."""


def boundary_of(content_type: str) -> bytes:
    """Return what stands between the parts of a body; raises ValueError where *content_type* does not tell."""
    boundary = _parameters(content_type).get("boundary", "")
    if not 0 < len(boundary) <= _BOUNDARY:
        raise ValueError("its boundary is missing, or too long")
    return boundary.encode("utf-8", "surrogateescape")


def parts(body: bytes, boundary: bytes) -> Iterator[Part]:
    """Yield the parts of *body* in their order; raises ValueError where one has no end."""
    line = b"--" + boundary
    at = len(line) if body.startswith(line) else _after(body, b"\r\n" + line, 0, len(body))
    while not body.startswith(b"--", at):
        start = _after(body, b"\r\n\r\n", at, at + _HEADERS)
        end = _after(body, b"\r\n" + line, start, len(body))
        yield Part(_name(body[at:start]), body[start : end - len(line) - 2])
        at = end


def _after(body: bytes, what: bytes, start: int, end: int) -> int:
    found = body.find(what, start, end)
    if found < 0:
        raise ValueError("a part has no end")
    return found + len(what)


def _name(head: bytes) -> str:
    """Return the name that the headers of a part tell; raises ValueError where something stands before them."""
    rest, *lines = head.decode("utf-8", "replace").split("\r\n")
    if rest.strip():
        raise ValueError("a part goes on after its boundary")
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            return _parameters(value).get("name", "")
    return ""


def _parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header, such as `form-data; name="file"`; none where it cannot be read."""
    given = value[value.index(";") :] if ";" in value else ""
    if not _ALL.fullmatch(given):
        return {}
    return {
        key.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else plain for key, quoted, plain in _ONE.findall(given)
    }
