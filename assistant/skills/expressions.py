"""Arithmetic as people say it, worked out exactly: a small grammar over numbers and words, bounded in all it does.

sum      = product { ("+" | "-") product }         80 + 10 % is 88, as on every pocket calculator
product  = share { ("*" | "/") share }
share    = power [ "of100" share ]                 12 percent of 80
power    = value [ "^" sign ]
sign     = "-" sign | "sqrt" sign | power | ...
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from assistant.skills.numerals import number

__all__ = ["NotArithmetic", "evaluate", "tokens"]

Token = str | Fraction

_LONGEST = 300
"""Characters of the longest expression."""
_MOST = 64
"""Numbers and signs of the longest expression."""
_LARGEST = Fraction(10**21)
"""What is larger cannot be said in a way that anybody understands."""
_EXPONENT = 1000
"""The largest exponent; the largest number, raised so, has 70,000 bits, which takes no time."""
_DIGITS = 30
"""Digits of what has no end, such as a root."""
_FINEST = 10**_DIGITS
"""No number has a larger denominator."""
_BRACKETS = {"(": "(", ")": ")"}
_LETTER = r"[^\W\d_]"


class NotArithmetic(ValueError):
    """These words are no expression."""


def tokens(text: str, words: Mapping[str, str], language: str) -> list[Token]:
    """Split *text* into numbers and signs; *words* says what stands for a phrase: `divided by` for `/`.

    Raises NotArithmetic.
    """
    if len(text) > _LONGEST:
        raise NotArithmetic(text[:40])
    found: list[Token] = []
    end = 0
    said = " ".join(text.lower().replace("’", "'").split()).rstrip("=?. ")
    words = {**words, **_BRACKETS}
    for phrase in re.finditer(_any(words), said):
        found += _numbers(said[end : phrase.start()], language)
        found += words[phrase[0]].split()
        end = phrase.end()
    found += _numbers(said[end:], language)
    if not found or len(found) > _MOST:
        raise NotArithmetic(text)
    return [Fraction(token) if isinstance(token, str) and token.isdecimal() else token for token in found]


def evaluate(expression: Sequence[Token]) -> Fraction:
    """Return what an expression comes to.

    Raises NotArithmetic for what is none, ZeroDivisionError, OverflowError where it gets too large, and ArithmeticError
    where there is no such number.
    """
    reader = _Reader(expression)
    value = reader.sum()
    if reader.next is not None:
        raise NotArithmetic(str(reader.next))
    return value


class _Reader:
    """Reads tokens from the left to the right, and works out what they mean."""

    def __init__(self, expression: Sequence[Token]) -> None:
        self._expression = expression
        self._at = 0

    @property
    def next(self) -> Token | None:
        return self._expression[self._at] if self._at < len(self._expression) else None

    def _take(self, *wanted: str) -> str | None:
        """Go over the next token where it is one of *wanted*, and return it."""
        token = self.next
        if not isinstance(token, str) or token not in wanted:
            return None
        self._at += 1
        return token

    def sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+", "-"):
            begin = self._at
            right = self._product()
            if self._expression[begin + 1 : self._at] == ["%"]:
                right *= value
            value = _bounded(value + right if sign == "+" else value - right)
        return value

    def _product(self) -> Fraction:
        value = self._share()
        while sign := self._take("*", "/"):
            right = self._share()
            value = _bounded(value * right if sign == "*" else value / right)
        return value

    def _share(self) -> Fraction:
        value = self._power()
        token = self.next
        if isinstance(token, str) and (share := re.fullmatch(r"of(\d+)", token)):
            self._at += 1
            return _bounded(value * self._share() / int(share[1]))
        return value

    def _power(self) -> Fraction:
        value = self._value()
        return _raised(value, self._power()) if self._take("^") else value

    def _value(self) -> Fraction:
        token = self.next
        if isinstance(token, Fraction):
            self._at += 1
            value = _bounded(token)
        elif self._take("("):
            value = self.sum()
            if not self._take(")"):
                raise NotArithmetic("(")
        elif self._take("-"):
            return -self._power()
        elif root := self._take("sqrt", "cbrt"):
            return _root(self._power(), 2 if root == "sqrt" else 3)
        else:
            raise NotArithmetic(str(token))
        while self._take("%"):
            value /= 100
        return value


def _numbers(text: str, language: str) -> list[Token]:
    """Return the number between two signs, if there is anything."""
    if not (said := text.strip()):
        return []
    if (value := number(said, language)) is None:
        raise NotArithmetic(said)
    return [value]


def _any(words: Mapping[str, str]) -> re.Pattern[str]:
    """Return an expression for any of *words*, the longest first, but not within a word; a hyphen may be within one."""

    def alone(phrase: str) -> str:
        before = rf"(?<!{_LETTER})" if phrase[0].isalpha() or phrase in "-−" else ""
        after = rf"(?!{_LETTER})" if phrase[-1].isalpha() else ""
        return f"{before}{re.escape(phrase)}{after}"

    return re.compile("|".join(alone(phrase) for phrase in sorted(words, key=len, reverse=True)))


def _bounded(value: Fraction) -> Fraction:
    """Return a number that can be worked with: a long fraction is cut to as many digits as are kept of a root."""
    if abs(value) > _LARGEST:
        raise OverflowError
    return value if value.denominator < _FINEST else Fraction(round(value * _FINEST), _FINEST)


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if abs(exponent) > _EXPONENT:
        raise OverflowError
    if exponent.denominator == 1:
        return _bounded(base ** int(exponent))
    if base < 0:
        raise ArithmeticError
    with localcontext(prec=_DIGITS):
        return _bounded(Fraction(_decimal(base) ** _decimal(exponent)))


def _root(value: Fraction, degree: int) -> Fraction:
    """Return a root: exactly, where it is a fraction."""
    if value < 0 and degree % 2 == 0:
        raise ArithmeticError
    with localcontext(prec=_DIGITS):
        near = Fraction(_decimal(abs(value)) ** (Decimal(1) / degree))
    exact = near.limit_denominator(10**9)
    root = exact if exact**degree == abs(value) else near
    return -root if value < 0 else root


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
