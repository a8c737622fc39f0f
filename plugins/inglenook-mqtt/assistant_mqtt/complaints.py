"""Say what is wrong with what others publish, once each."""

import logging

__all__ = ["Complaints"]

log = logging.getLogger("assistant_mqtt")

_MOST = 100
"""Different complaints that are said; whoever floods the broker does not flood the log."""
_LONGEST = 200
"""Characters of one: what is quoted in it was written by others."""


class Complaints:
    """What was complained of."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, where: str, what: str) -> None:
        """Log that something is wrong somewhere, unless it was said before."""
        line = f"{where}: {what}".translate(_PLAIN)[:_LONGEST]
        if line in self._said or len(self._said) > _MOST:
            return
        self._said.add(line)
        if len(self._said) > _MOST:
            line = "MQTT: more is wrong with what is announced; no more of it is told"
        log.warning("%s", line)


_PLAIN = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " ")
"""Signs that would break a line of the log, or colour it."""
