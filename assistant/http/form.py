"""Forms with a file in them (`multipart/form-data`, RFC 7578), read piece by piece within bounds."""

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web

from assistant.http.problem import Problem

__all__ = ["Form", "Room", "read_form"]

FieldsT = TypeVar("FieldsT", bound=msgspec.Struct)

_FIELDS = 64
"""Fields of a form."""
_FIELD = 10_000
"""Bytes of a field that is no file."""
_FRAMING = 100_000
"""Bytes of a body beside the file: the other fields, and what multipart puts around them."""
_ARRIVAL = 60.0
"""Seconds in which the body must have come."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds."""

    file: bytes
    """The file."""
    fields: dict[str, list[str]]
    """The texts, by name without `[]`, in their order."""

    def read(self, takes: type[FieldsT]) -> FieldsT:
        """Return the fields as a struct, numbers and all; raises Problem for what does not fit."""
        try:
            lists = {field.encode_name for field in msgspec.structs.fields(takes) if _is_list(field.type)}
            given: dict[str, Any] = {k: v if k in lists else v[-1] for k, v in self.fields.items()}
            return msgspec.convert(given, takes, strict=False)
        except msgspec.ValidationError as error:
            message, _, where = str(error).partition(" - at `$")
            key = where.rstrip("`").removeprefix(".")
            raise Problem(400, "bad_request", f"{key}: {message}" if key else message, key=key) from None


class Room:
    """How many forms may be in memory at once."""

    def __init__(self, places: int) -> None:
        self._free = places

    @contextmanager
    def place(self) -> Generator[None, None, None]:
        """Take a place until the request is answered; raises Problem where there is none."""
        if not self._free:
            message = "too many files are being worked on"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many", message, headers={"Retry-After": "5"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


async def read_form(request: web.Request, file: str, most: int) -> Form:
    """Return the form that a request holds; *file* is the field of the file, which may have *most* bytes.

    Raises Problem before more than that is in memory.
    """
    if request.content_type != "multipart/form-data":
        hint = f"send the file as its field `{file}`"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no_form", "the body is no multipart/form-data", hint)
    if (request.content_length or 0) > most + _FRAMING:
        raise _too_large(file, most)
    try:
        async with asyncio.timeout(_ARRIVAL):
            data, fields = await _parts(await request.multipart(), file, most)
    except TimeoutError:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", f"the body did not come in {_ARRIVAL:g} s") from None
    except ValueError as error:
        raise Problem(400, "bad_form", f"the form cannot be read: {error}") from None
    if data is None:
        raise Problem(400, "no_file", f"the form has no field `{file}`", "send the file as that field", key=file)
    return Form(data, fields)


async def _parts(form: MultipartReader, file: str, most: int) -> tuple[bytes | None, dict[str, list[str]]]:
    data, fields, count = None, defaultdict[str, list[str]](list), 0
    while (part := await form.next()) is not None:
        count += 1
        if not isinstance(part, BodyPartReader) or not part.name or count > _FIELDS:
            raise Problem(400, "bad_form", "the form has a part too many, or one without a name")
        if part.name == file and data is None:
            data = await _bytes(part, most)
        elif part.name != file:
            text = (await _bytes(part, _FIELD)).decode("utf-8", "replace")
            fields[part.name.removesuffix("[]")].append(text)
        else:
            raise Problem(400, "bad_form", f"the form has more than one field `{file}`", key=file)
    return data, dict(fields)


async def _bytes(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while piece := await part.read_chunk(1 << 16):
        data += piece
        if len(data) > most:
            raise _too_large(part.name or "", most)
    return bytes(data)


def _too_large(name: str, most: int) -> Problem:
    message = f"the field `{name}` has more than {most} bytes"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_entity_too_large", message, "send less at once")


def _is_list(kind: Any) -> bool:
    return get_origin(get_args(kind)[0] if get_origin(kind) is Annotated else kind) is list
