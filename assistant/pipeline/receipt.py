"""Where the time of a turn went: a waterfall whose parts sum to the latency that the person felt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assistant.chat import Usage

__all__ = ["STAGES", "Receipt", "Timeline"]

STAGES = ("endpoint", "transcript", "first_token", "first_clause", "first_audio")
"""What a turn waits for, in order, from the last voiced sample on."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Times and names of one turn; no content."""

    turn: str
    """The turn's name in events."""
    started: float
    """Seconds since the epoch."""
    device: str
    """Where: a device's or a door's name."""
    assistant: str
    """Who answered."""
    outcome: str
    """`answered`, `stopped`, `interrupted`, `nothing` or `failed`."""
    wake_word: str = ""
    """The wake word that began it; empty where none did."""
    wake_score: float = 0.0
    """How sure the wake engine was, 0 to 1."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Model ids by stage: `stt`, `chat`, `tts`."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage, in order; stages that did not happen are missing."""
    usage: Usage = field(default_factory=Usage)
    """Tokens of the reply."""

    @property
    def voice_to_voice(self) -> float:
        """Return the seconds from the last voiced sample (or the question's arrival) to the last stage reached."""
        return sum(self.parts.values())


class Timeline:
    """Note when each stage of a turn is first reached."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: dict[str, float] = {}
        self._start = clock()

    def start(self, at: float | None = None) -> None:
        """Set the moment from which the person waits, and forget the stages reached so far."""
        self._start = self._clock() if at is None else at
        self._marks.clear()

    def mark(self, stage: str, at: float | None = None) -> None:
        """Note that *stage* is reached, unless it was before."""
        self._marks.setdefault(stage, self._clock() if at is None else at)

    def parts(self) -> dict[str, float]:
        """Return the seconds that each stage took after the one before it."""
        parts: dict[str, float] = {}
        before = self._start
        for stage in STAGES:
            if stage in self._marks:
                parts[stage] = max(0.0, self._marks[stage] - before)
                before = max(before, self._marks[stage])
        return parts
