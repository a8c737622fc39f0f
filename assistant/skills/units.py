"""Conversion: "how many litres are two gallons", "20 degrees Celsius in Fahrenheit"."""

from decimal import Decimal
from fractions import Fraction

from assistant.skill import Asked, Reply, Skill
from assistant.skills.localised import measure, rounded
from assistant.skills.numerals import number
from assistant.skills.words import SENTENCES

__all__ = ["FACTORS", "converted", "units"]

_MILE, _POUND = Fraction("1609.344"), Fraction("0.45359237")
_INCH, _GALLON, _IMPERIAL = Fraction("0.0254"), Fraction("3.785411784"), Fraction("4.54609")
FACTORS = {
    "length-millimeter": Fraction(1, 1000),
    "length-centimeter": Fraction(1, 100),
    "length-meter": Fraction(1),
    "length-kilometer": Fraction(1000),
    "length-inch": _INCH,
    "length-foot": 12 * _INCH,
    "length-yard": 36 * _INCH,
    "length-mile": _MILE,
    "mass-milligram": Fraction(1, 10**6),
    "mass-gram": Fraction(1, 1000),
    "mass-kilogram": Fraction(1),
    "mass-tonne": Fraction(1000),
    "mass-ounce": _POUND / 16,
    "mass-pound": _POUND,
    "mass-stone": 14 * _POUND,
    "volume-milliliter": Fraction(1, 1000),
    "volume-centiliter": Fraction(1, 100),
    "volume-deciliter": Fraction(1, 10),
    "volume-liter": Fraction(1),
    "volume-teaspoon": Fraction(5, 1000),
    "volume-tablespoon": Fraction(15, 1000),
    "volume-cup": _GALLON / 16,
    "volume-fluid-ounce": _GALLON / 128,
    "volume-pint": _GALLON / 8,
    "volume-quart": _GALLON / 4,
    "volume-gallon": _GALLON,
    "volume-cubic-meter": Fraction(1000),
    "temperature-celsius": Fraction(1),
    "temperature-fahrenheit": Fraction(5, 9),
    "temperature-kelvin": Fraction(1),
    "speed-kilometer-per-hour": Fraction(1000, 3600),
    "speed-mile-per-hour": _MILE / 3600,
    "speed-meter-per-second": Fraction(1),
    "speed-knot": Fraction(1852, 3600),
    "area-square-centimeter": Fraction(1, 10**4),
    "area-square-meter": Fraction(1),
    "area-square-kilometer": Fraction(10**6),
    "area-hectare": Fraction(10**4),
    "area-acre": _MILE**2 / 640,
    "area-square-foot": (12 * _INCH) ** 2,
    "area-square-mile": _MILE**2,
    "duration-second": Fraction(1),
    "duration-minute": Fraction(60),
    "duration-hour": Fraction(3600),
    "duration-day": Fraction(86_400),
    "duration-week": Fraction(7 * 86_400),
    "digital-bit": Fraction(1, 8),
    "digital-byte": Fraction(1),
    "digital-kilobyte": Fraction(10**3),
    "digital-megabyte": Fraction(10**6),
    "digital-gigabyte": Fraction(10**9),
    "digital-terabyte": Fraction(10**12),
    "energy-joule": Fraction(1),
    "energy-kilojoule": Fraction(1000),
    "energy-calorie": Fraction("4.184"),
    "energy-kilocalorie": Fraction(4184),
    "energy-kilowatt-hour": Fraction(3_600_000),
    "power-watt": Fraction(1),
    "power-kilowatt": Fraction(1000),
    "power-horsepower": Fraction("735.49875"),
    "pressure-hectopascal": Fraction(100),
    "pressure-bar": Fraction(10**5),
    "pressure-pound-force-per-square-inch": Fraction("6894.757293168"),
}
"""How much of the first unit of its kind each one is, by Unicode's names, exactly as they are defined (NIST SP 811); a
cup, a pint and a gallon are the American ones, a teaspoon has 5 ml, and a horsepower is the metric one."""
_BRITISH = {
    "volume-fluid-ounce": _IMPERIAL / 160,
    "volume-pint": _IMPERIAL / 8,
    "volume-gallon": _IMPERIAL,
}
"""Those that are others in `en-GB`."""
_BRITISH_NAMES = {unit: f"{unit}-imperial" for unit in ("volume-fluid-ounce", "volume-gallon")}
"""What Unicode calls them; a pint is a pint."""
_ZERO = {"temperature-fahrenheit": Fraction(-32), "temperature-kelvin": Fraction("-273.15")}
"""What is added before the factor."""
_DIGITS = 4
"""Significant digits of what is not exact."""


def units() -> Skill:
    """Return the skill."""
    return Skill(
        name="units",
        intents={"InglenookConvert": _convert},
        reads=frozenset({"InglenookConvert"}),
        takes=lambda asked: number(asked.slots.get("amount", ""), asked.language) is not None,
        sentences=SENTENCES,
        examples={
            "en": ("How many litres are two gallons?", "What is 20 degrees Celsius in Fahrenheit?"),
            "de": ("Wie viele Kilometer sind zehn Meilen?", "Was sind 68 Grad Fahrenheit in Celsius?"),
            "fr": ("Combien de kilomètres font dix miles ?", "Convertis 20 degrés Celsius en Fahrenheit"),
            "es": ("¿Cuántos kilómetros son diez millas?", "Convierte 20 grados Celsius a Fahrenheit"),
        },
    )


def converted(amount: Fraction, from_: str, to: str, language: str = "en") -> Fraction | None:
    """Return how much of one unit an *amount* of another is; None where they measure different things."""
    if from_.partition("-")[0] != to.partition("-")[0]:
        return None
    factors = {**FACTORS, **_BRITISH} if language == "en-GB" else FACTORS
    base = (amount + _ZERO.get(from_, 0)) * factors[from_]
    return base / factors[to] - _ZERO.get(to, 0)


async def _convert(asked: Asked) -> Reply:
    from_, to = asked.slots["from"], asked.slots["to"]
    amount = number(asked.slots["amount"], asked.language) or Fraction(0)
    value = converted(amount, from_, to, asked.language)
    if value is None:
        return Reply(key="different")
    result = rounded(value, _places(value))
    facts = {
        "given": _said(rounded(amount, 6), from_, asked.language),
        "result": _said(result, to, asked.language),
    }
    return Reply(key="default" if result == value else "about", facts=facts)


def _said(value: Decimal, unit: str, language: str) -> str:
    return measure(value, _BRITISH_NAMES.get(unit, unit) if language == "en-GB" else unit, language)


def _places(value: Fraction) -> int:
    """Return how many decimals leave as many digits as are worth saying."""
    whole = len(str(abs(int(value)))) if abs(value) >= 1 else 0
    zeros = next((n for n in range(20) if abs(value) * 10 ** (n + 1) >= 1), 0) if 0 < abs(value) < 1 else 0
    return max(0, _DIGITS - whole + zeros)
