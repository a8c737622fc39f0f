"""The text that Prometheus reads, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["CONTENT_TYPE", "Family", "Sample", "number", "text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""How HTTP names it."""

_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True, slots=True)
class Sample:
    """A number."""

    value: float
    """What it is now."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What it is the number of."""
    suffix: str = ""
    """What follows the family's name: `_bucket`, `_sum` and `_count` of a histogram."""


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name."""

    name: str
    """Their name; that of a counter ends with `_total`."""
    kind: Literal["counter", "gauge", "histogram", "summary"]
    """How they are to be read."""
    help: str
    """What they tell."""
    samples: Sequence[Sample]
    """The numbers, each with other labels."""


def text(families: Iterable[Family]) -> str:
    """Return *families* as text; those without a number are left out."""
    return "".join(line for family in families if family.samples for line in _lines(family))


def number(value: float) -> str:
    """Return a number as it is written."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {family.help.translate(_HELP)}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    for sample in family.samples:
        labels = ",".join(f'{name}="{value.translate(_LABEL)}"' for name, value in sample.labels.items())
        yield f"{family.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {number(sample.value)}\n"
