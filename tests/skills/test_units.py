"""Units: exact factors, and names for all of them in four languages."""

from fractions import Fraction

import pytest

from assistant.skills.localised import measure, rounded
from assistant.skills.units import FACTORS, converted
from assistant.skills.words import words
from tests.skills.household import LANGUAGES


@pytest.mark.parametrize(
    ("amount", "from_", "to", "result"),
    [
        ("1", "length-mile", "length-kilometer", "1.609344"),
        ("1", "length-foot", "length-inch", "12"),
        ("1", "mass-pound", "mass-kilogram", "0.45359237"),
        ("1", "mass-stone", "mass-pound", "14"),
        ("2", "volume-gallon", "volume-liter", "7.570823568"),
        ("1", "volume-gallon", "volume-cup", "16"),
        ("1", "area-acre", "area-square-foot", "43560"),
        ("100", "speed-kilometer-per-hour", "speed-meter-per-second", "250/9"),
        ("20", "temperature-celsius", "temperature-fahrenheit", "68"),
        ("-40", "temperature-fahrenheit", "temperature-celsius", "-40"),
        ("0", "temperature-kelvin", "temperature-celsius", "-273.15"),
        ("1", "duration-week", "duration-minute", "10080"),
        ("1", "digital-byte", "digital-bit", "8"),
        ("1", "energy-kilowatt-hour", "energy-kilojoule", "3600"),
    ],
)
def test_a_conversion_is_exact(amount: str, from_: str, to: str, result: str) -> None:
    assert converted(Fraction(amount), from_, to) == Fraction(result)
    assert converted(Fraction(result), to, from_) == Fraction(amount)


def test_what_measures_something_else_is_not_converted() -> None:
    assert converted(Fraction(1), "length-mile", "volume-liter") is None


def test_a_british_gallon_is_larger() -> None:
    assert converted(Fraction(1), "volume-gallon", "volume-liter", "en-GB") == Fraction("4.54609")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_unit_has_a_name_that_is_heard_and_one_that_is_said(language: str) -> None:
    named = set(words("units", language, "unit_name").values())
    assert named <= FACTORS.keys()
    assert {unit for unit in FACTORS if not unit.startswith(("pressure", "area-square-centimeter"))} <= named
    for unit in FACTORS:
        assert measure(rounded(Fraction(2), 0), unit, language).startswith("2")
