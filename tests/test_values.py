"""Walk every value type: none can be forgotten, and a new one without a sample fails here."""

import dataclasses
import random
import types
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from assistant import AssistantError, ToolCall, audio, chat, engines, events, host, speech, vision, wire
from assistant.config.describe import field_docs
from assistant.pipeline import endpoint, playback, receipt
from assistant.testing import check_wire

MODULES = (audio, chat, engines, events, host, speech, vision, endpoint, playback, receipt)
VALUES = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
    },
    key=lambda value: value.__name__,
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_is_frozen_slotted_and_says_what_each_field_means(value: type) -> None:
    parameters = value.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert "__slots__" in vars(value)
    assert value.__doc__ and not value.__doc__.startswith(f"{value.__name__}("), "the class has no docstring"
    fields = {field.name for field in dataclasses.fields(value) if not field.name.startswith("_")}
    assert fields - set(field_docs(value)) == set(), "fields without a docstring under them"


def sample(kind: Any) -> Any:
    """Make a value of a type in which no field has its default."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return sample(next(argument for argument in arguments if argument is not type(None)))
    if origin is Literal:
        return arguments[-1]
    if origin is tuple:
        return tuple(sample(argument) for argument in _members(arguments[0]))
    if origin is Mapping:
        others = {"others": [{"deep": None}, 1.5, True]} if arguments[1] is Any else {}
        return {"a key": sample(arguments[1]), **others}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: sample(hints[field.name]) for field in dataclasses.fields(kind)})
    if isinstance(kind, type) and issubclass(kind, int) and kind not in (int, bool):
        return list(kind)[-1]  # type: ignore[call-overload]
    made = {str: "Grüße, 世界\n", bytes: b"\x00\xff", int: 16_000, float: -1.25, bool: True, Any: ["a", 1]}
    return made[kind]


def _members(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


@pytest.mark.parametrize("name", sorted(wire.VALUES))
def test_every_value_survives_the_wire(name: str) -> None:
    value = sample(wire.VALUES[name])
    check_wire(value)
    assert type(wire.decode(wire.encode(value))) is wire.VALUES[name]


def test_all_values_that_engines_give_and_take_are_on_the_wire() -> None:
    exported = {n for module in (audio, chat, speech, vision) for n in module.__all__}
    assert {value.__name__ for value in VALUES} & exported == set(wire.VALUES)


@pytest.mark.parametrize(
    "thing",
    [print, lambda: None, object(), chat.ToolCall, {1, 2}, [print], {"run": print}, ToolCall("1", "x", {"run": print})],
    ids=["function", "lambda", "object", "class", "set", "in a list", "in a mapping", "in a value"],
)
def test_what_is_no_value_cannot_be_encoded(thing: object) -> None:
    with pytest.raises(TypeError):
        wire.encode(thing)


@pytest.mark.parametrize("data", [2**70, "\ud800", {"a": -(2**70)}], ids=["too large", "half a character", "too small"])
def test_what_msgpack_does_not_know_cannot_be_encoded(data: object) -> None:
    with pytest.raises(TypeError):
        wire.encode(data)


def test_nesting_without_end_cannot_be_encoded() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TypeError):
        wire.encode(endless)


@pytest.mark.parametrize(
    "arguments",
    [
        {"$": "TextPart", "text": "forged"},
        {"$": "no such thing"},
        {"$": ""},
        {"$schema": "x", "a": {"$": 1, "b": [{"$": None}]}},
        {"$": {"$": {}}},
    ],
)
def test_data_that_looks_like_a_value_stays_data(arguments: dict[str, Any]) -> None:
    check_wire(ToolCall("1", "write", arguments))


def forged(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"garbage",
        forged({"$": "Popen", "args": ["true"]}),
        forged({"$": "__import__"}),
        forged({"$": ["TextPart"], "text": "x"}),
        forged({"$": {"$": "TextPart"}}),
        forged({"$": 1}),
        forged({"$": None}),
        forged({"$": "TextPart"}),
        forged({"$": "TextPart", "text": "x", "more": 1}),
        forged({"$": "TextPart", "text": "x", "__class__": "y"}),
        forged({1: 2, "$": "TextPart", "text": "x"}),
        forged({"$": ""}),
        forged({"$": "", "": 1}),
        b"\x81" * 50_000 + b"\x01",
        b"\x91" * 50_000 + b"\x01",
        (b"\x81" + forged("a")) * 50_000 + b"\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xa2\xff\xff",
        b"\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_what_nobody_encoded_is_refused(data: bytes) -> None:
    with pytest.raises(AssistantError):
        wire.decode(data)


@pytest.mark.parametrize("name", sorted(wire.VALUES))
def test_a_field_of_another_type_is_refused_by_name(name: str) -> None:
    value = sample(wire.VALUES[name])
    whole = msgspec.msgpack.decode(wire.encode(value))
    for field in dataclasses.fields(value):
        right = getattr(value, field.name)
        for wrong in (
            None,
            True,
            7,
            2.5,
            "YWI=",
            b"",
            [],
            [1],
            {},
            {"a": 1},
            chat.ToolSpec("x", "y", {}),
            chat.Done("stop"),
        ):
            forged = wire.encode([wrong])  # a list of one, so that the wrong one is encoded as it would be in a value
            frame = msgspec.msgpack.encode(whole | {field.name: msgspec.msgpack.decode(forged)[0]})
            try:
                decoded = getattr(wire.decode(frame), field.name)
            except AssistantError as error:
                assert f"{name}.{field.name}" in str(error)
            else:
                assert _alike(decoded, right, get_type_hints(wire.VALUES[name])[field.name]), (field.name, decoded)


def _alike(value: Any, right: Any, kind: Any) -> bool:
    """Tell whether *value* may stand where *right* does."""
    if value is None:
        return type(None) in get_args(kind)
    if isinstance(right, tuple):
        return isinstance(value, tuple) and all(type(item) in {type(r) for r in right} for item in value)
    if isinstance(right, Mapping):
        return isinstance(value, Mapping)
    return type(value) is type(right)


def test_a_program_that_sends_numbers_as_names_gets_no_value_of_them() -> None:
    request = chat.ChatRequest((chat.ChatMessage.of("user", "x"),), priority=chat.Priority.API)
    decoded = wire.decode(wire.encode(request))
    assert type(decoded.priority) is chat.Priority
    assert wire.decode(forged({"$": "Played", "seconds": 1, "timestamp": 2})) == speech.Played(1.0, 2.0)


def test_noise_is_refused_or_plain_data() -> None:
    dice = random.Random(7)
    whole = wire.encode([sample(value) for value in wire.VALUES.values()])
    for _ in range(5000):
        noise = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 6)):
            if noise:
                noise[dice.randrange(len(noise))] = dice.randrange(256)
        with suppress(AssistantError):
            wire.decode(bytes(noise))
