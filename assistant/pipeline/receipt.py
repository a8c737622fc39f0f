"""Where the time of a turn went: a waterfall whose parts sum to the latency that the person felt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assistant.chat import Usage
from assistant.routing import Step

__all__ = ["STAGES", "Action", "Drafting", "Receipt", "Timeline"]

STAGES = ("endpoint", "transcript", "first_token", "first_clause", "first_audio")
"""What a turn waits for, in order, from the last voiced sample on."""
_WORK = ("draft", "transcript", "first_token", "first_clause", "sound")
"""What the answer goes through, in order, whether or not somebody waits for it."""


@dataclass(frozen=True, slots=True)
class Drafting:
    """What the drafts of a turn came to."""

    begun: int = 0
    """Drafts that were begun, the committed one too."""
    hit: bool = False
    """Whether the committed one was begun before the utterance was known to be over."""
    wasted: float = 0.0
    """Seconds of work on drafts that were discarded."""


@dataclass(frozen=True, slots=True)
class Action:
    """What came of the call of a tool, or of something that had to be confirmed; no content."""

    name: str
    """The tool, or the intent."""
    risk: str
    """`read`, `act` or `sensitive`; empty for a tool that there is not."""
    outcome: str
    """`ok`, `failed`, `refused` (not run), `asked` (a person is asked first) or `stopped` (somebody interrupted it)."""
    confirmed: bool = False
    """Whether a person said yes to it."""


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
    """Model ids by stage: `stt`, `chat`, `tts`, and the tasks of vision models that described an image."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage, in order; stages that did not happen are missing."""
    usage: Usage = field(default_factory=Usage)
    """Tokens of the reply."""
    work: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each stage of the answer took, in order; most of them in the pause, where nobody waits."""
    drafting: Drafting = field(default_factory=Drafting)
    """What the drafts came to."""
    certainty: float | None = None
    """Probability, 0 to 1, that the utterance was complete when it ended; None where nothing could tell."""
    clock_set: bool = True
    """Whether `started` can be believed: a box without a battery-backed clock has no time before NTP."""
    actions: tuple[Action, ...] = ()
    """What tools were called, in order."""
    rung: str = ""
    """Which rung of the ladder answered: `exact`, `several`, `paraphrase`, `answer`, `command`, `correction`, `chat`,
    `bigger`, `none`; empty where nothing was answered."""
    person: str = ""
    """Who asked; empty for somebody who is not known."""
    route: tuple[Step, ...] = ()
    """The chat models that could answer, in the order in which they are asked, and what came of it."""

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
        """Return the seconds that the person waited for each stage after the one before it."""
        return self._between(self._start, STAGES)

    def work(self) -> dict[str, float]:
        """Return the seconds that each stage of the answer took after the one before it, from its beginning on."""
        return self._between(self._marks.get(_WORK[0], self._start), _WORK[1:])

    def _between(self, before: float, stages: tuple[str, ...]) -> dict[str, float]:
        parts: dict[str, float] = {}
        for stage in stages:
            if stage in self._marks:
                parts[stage] = max(0.0, self._marks[stage] - before)
                before = max(before, self._marks[stage])
        return parts
