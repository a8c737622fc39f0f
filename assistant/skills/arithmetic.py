"""Reckoning: "what is 12 percent of 80", "the square root of 144"."""

from fractions import Fraction

from assistant.chat import ToolSpec
from assistant.skill import Asked, Reply, Skill
from assistant.skills.expressions import NotArithmetic, evaluate, tokens
from assistant.skills.localised import decimal, rounded
from assistant.skills.words import SENTENCES, words

__all__ = ["arithmetic"]

_PARTS = ("function", "left", "operator", "right", "suffix")
"""The slots of the sentences, in the order in which they are said."""
_LISTS = ("calc_operator", "calc_symbol", "calc_sign", "calc_function", "calc_suffix", "calc_more")
_PLACES = 4
"""Decimals of what is not exact."""
_EXACT = 6
"""Decimals of what is."""


def arithmetic() -> Skill:
    """Return the skill."""
    return Skill(
        name="arithmetic",
        intents={"InglenookCalculate": _calculate},
        reads=frozenset({"InglenookCalculate"}),
        takes=_is_arithmetic,
        tools={
            "InglenookCalculate": ToolSpec(
                "calculate",
                "Work out an arithmetic expression exactly.",
                {
                    "type": "object",
                    "properties": {"expression": {"type": "string", "description": "Such as `12 % of 80 + 7 * 8`."}},
                    "required": ["expression"],
                },
            )
        },
        sentences=SENTENCES,
        examples={
            "en": ("What is 12 percent of 80?", "What is the square root of 144?", "What is three quarters of 20?"),
            "de": ("Was ist 12 Prozent von 80?", "Was ist die Wurzel aus 144?", "Was sind drei Viertel von 20?"),
            "fr": (
                "Combien font 12 pour cent de 80 ?",
                "Quelle est la racine carrée de 144 ?",
                "Combien font 7 fois 8 ?",
            ),
            "es": ("¿Cuánto es el 12 por ciento de 80?", "¿Cuál es la raíz cuadrada de 144?", "¿Cuánto es 7 por 8?"),
        },
    )


def _value(asked: Asked) -> Fraction:
    """Work out what lies in the slots, in the order in which it was said; a chat model writes it in one, in English."""
    written = asked.slots.get("expression", "")
    said = {**asked.slots, **asked.spoken}
    text = written or " ".join(said[part] for part in _PARTS if part in said)
    language = "en" if written else asked.language
    return evaluate(tokens(text, words("arithmetic", language, *_LISTS), language))


def _is_arithmetic(asked: Asked) -> bool:
    try:
        _value(asked)
    except NotArithmetic:
        return False
    except ArithmeticError:
        pass  # which is an answer, too
    return True


async def _calculate(asked: Asked) -> Reply:
    try:
        value = _value(asked)
    except ZeroDivisionError:
        return Reply(key="zero")
    except OverflowError:
        return Reply(key="large")
    except (ArithmeticError, NotArithmetic):
        return Reply(key="none")
    exact = rounded(value, _EXACT)
    if exact == value:
        return Reply(facts={"result": decimal(exact, asked.language)})
    return Reply(key="about", facts={"result": decimal(rounded(value, _PLACES), asked.language)})
