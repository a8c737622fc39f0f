"""The form that a reply must have: words, any JSON object, or one that a schema describes."""

from typing import Any

import msgspec

from assistant.http.drawing import check_json
from assistant.http.openai.parameters import JsonSchema

__all__ = ["AnyObject", "FlatSchema", "NestedSchema", "PlainText", "schema_of"]


class PlainText(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Words."""


class AnyObject(msgspec.Struct, frozen=True, tag_field="type", tag="json_object"):
    """Any JSON object."""


class FlatSchema(msgspec.Struct, frozen=True, tag_field="type", tag="json_schema"):
    """JSON of a schema, as `/v1/responses` writes it."""

    schema: JsonSchema


class NamedSchema(msgspec.Struct, frozen=True):
    """A schema and its name, which does not matter here."""

    schema: JsonSchema


class NestedSchema(msgspec.Struct, frozen=True, tag_field="type", tag="json_schema"):
    """JSON of a schema, as `/v1/chat/completions` writes it."""

    json_schema: NamedSchema


def schema_of(form: PlainText | AnyObject | FlatSchema | NestedSchema | None, key: str) -> dict[str, Any] | None:
    """Return the schema that a reply must satisfy, None where it may be any words."""
    match form:
        case AnyObject():
            return {"type": "object"}
        case FlatSchema(schema) | NestedSchema(NamedSchema(schema)):
            check_json(schema, key)
            return schema
        case _:
            return None
