"""Forms with a file in them (`multipart/form-data`), read within bounds."""

from collections import Counter, defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

import msgspec
from aiohttp import hdrs, web

from assistant.http.multipart import Part, boundary_of, parts
from assistant.http.problem import Problem, misfit
from assistant.http.route import FileForm, read
from assistant.models.waiting import ASKER

__all__ = ["RECORDING", "Form", "Room", "read_form"]

FieldsT = TypeVar("FieldsT", bound=msgspec.Struct)

RECORDING = 25_000_000
"""Bytes of a recording, as OpenAI has it."""
_FIELDS = 64
"""Fields of a form."""
_FIELD = 10_000
"""Bytes of a field that is no file."""
_FRAMING = 100_000
"""Bytes of a body beside the file: the other fields, and what multipart puts around them."""


@dataclass(frozen=True, slots=True)
class Form(Generic[FieldsT]):
    """What a form holds."""

    file: bytes
    """The file."""
    fields: FieldsT
    """The other fields."""


class Room:
    """How many forms may be in memory at once."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken = Counter[str]()

    @contextmanager
    def place(self) -> Generator[None, None, None]:
        """Take a place until the request is answered; raises Problem where there is none.

        Whoever has none here finds one nevertheless, as in the queue of a model: it may be full of somebody else's.
        """
        asker = ASKER.get()
        if self._taken[asker] and self._taken.total() >= self._places:
            message = "too many files are being worked on"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many", message, headers={"Retry-After": "5"})
        self._taken[asker] += 1
        try:
            yield
        finally:
            self._taken[asker] -= 1
            self._taken += Counter()  # names of keys that are gone are not kept


async def read_form(request: web.Request, takes: FileForm[FieldsT]) -> Form[FieldsT]:
    """Return the form that a request holds; raises Problem for what is unfit, and before too much is in memory."""
    if request.content_type != "multipart/form-data":
        hint = f"send the file as its field `{takes.file}`"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no_form", "the body is no multipart/form-data", hint)
    body = await read(request, takes.most + _FRAMING)
    try:
        file, texts = _separated(parts(body, boundary_of(request.headers[hdrs.CONTENT_TYPE])), takes.file, takes.most)
    except ValueError as error:
        raise Problem(400, "bad_form", f"the form cannot be read: {error}") from None
    return Form(file, _fields(texts, takes.fields))


def _separated(given: Iterable[Part], file: str, most: int) -> tuple[bytes, dict[str, list[str]]]:
    """Return the file, and the texts by their names without `[]`, in their order."""
    data, fields = None, defaultdict[str, list[str]](list)
    for count, part in enumerate(given, 1):
        if not part.name or count > _FIELDS:
            raise Problem(400, "bad_form", "the form has a part too many, or one without a name")
        if len(part.content) > (limit := most if part.name == file else _FIELD):
            raise _too_large(part.name, limit)
        if part.name != file:
            fields[part.name.removesuffix("[]")].append(part.content.decode("utf-8", "replace"))
        elif data is None:
            data = part.content
        else:
            raise Problem(400, "bad_form", f"the form has more than one field `{file}`", key=file)
    if data is None:
        raise Problem(400, "no_file", f"the form has no field `{file}`", "send the file as that field", key=file)
    return data, fields


def _fields(texts: dict[str, list[str]], takes: type[FieldsT]) -> FieldsT:
    """Return texts as a struct, numbers and all; an empty one is none."""
    try:
        lists = {field.encode_name for field in msgspec.structs.fields(takes) if _is_list(field.type)}
        given: dict[str, Any] = {k: v if k in lists else v[-1] for k, v in texts.items() if v[-1]}
        return msgspec.convert(given, takes, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error) from None


def _too_large(name: str, most: int) -> Problem:
    message = f"the field `{name[:100]}` has more than {most} bytes"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_entity_too_large", message, "send less at once")


def _is_list(kind: Any) -> bool:
    return get_origin(get_args(kind)[0] if get_origin(kind) is Annotated else kind) is list
