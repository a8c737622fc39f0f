"""Lengths of time as people write them: `90s`, `30m`, `12h`, `7d`, `2w`."""

import re

__all__ = ["PATTERN", "seconds"]

PATTERN = r"[1-9][0-9]{0,5}[smhdw]"
"""What a length of time looks like: a whole number and a unit."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(text: str) -> int:
    """Return a length of time in seconds; raises ValueError where it is none."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is no length of time; for example 30m, 12h, 7d")
    return int(text[:-1]) * _UNITS[text[-1]]
