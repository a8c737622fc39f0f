"""A timer, an alarm or a reminder, as it is stored."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Appointment", "Kind", "Outcome", "State", "Timer"]


class Kind(StrEnum):
    """What it is for the person who asked for it."""

    TIMER = "timer"
    ALARM = "alarm"
    REMINDER = "reminder"


class State(StrEnum):
    """How far it has come. It goes from one to the next by a write to the disk, and never goes back to ring again."""

    RUNNING = "running"
    PAUSED = "paused"
    RINGING = "ringing"
    DONE = "done"


class Outcome(StrEnum):
    """How it came to its end."""

    NONE = ""
    STOPPED = "stopped"
    """Somebody stopped the ringing."""
    SNOOZED = "snoozed"
    """Somebody wanted to be called again a little later."""
    UNHEARD = "unheard"
    """It rang for as long as it may, and nobody stopped it."""
    MISSED = "missed"
    """It was found so late that it did not ring any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A time of day on one day, or on some days of every week, by the clock on the wall where the machine stands."""

    time: str
    """Local time, `HH:MM` or `HH:MM:SS`."""
    date: str = ""
    """Local day, `YYYY-MM-DD`; empty for one that repeats."""
    days: tuple[int, ...] = ()
    """Days of the week on which it repeats, 0 for Monday to 6 for Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that rings once: after a while, or at a time of day, which may repeat."""

    kind: Kind = Kind.TIMER
    """What it is."""
    id: int = 0
    """Its number, in the order in which they were set; 0 before it is stored."""
    revision: int = 0
    """Grows with each change: a change is made to the timer that was seen, or not at all."""
    name: str = ""
    """What a person calls it; may be empty."""
    text: str = ""
    """What a reminder says."""
    state: State = State.RUNNING
    """How far it has come."""
    seconds: float = 0.0
    """Length that was asked for; 0 where a time of day was."""
    at: Appointment | None = None
    """The time of day that was asked for; None where a length of time was."""
    due: float = 0.0
    """When it rings: seconds since the epoch for a time of day, seconds on the `Timeline` for a length of time."""
    owing: bool = False
    """Whether that was said while the timeline still had to count the time that the machine was off before."""
    left: float = 0.0
    """Seconds that are left while it is paused."""
    last: float = 0.0
    """Of one that repeats: seconds since the epoch of when it was due last."""
    rang: float = 0.0
    """Seconds on the `Timeline` at which it began to ring."""
    late: float = 0.0
    """Seconds by which it rang too late, because the machine was off."""
    outcome: Outcome = Outcome.NONE
    """How it ended; of one that repeats, how it ended last."""
    device: str = ""
    """Where it was asked for, and rings."""
    assistant: str = ""
    """Who was asked."""
    language: str = "en"
    """BCP-47 tag of the language in which it was asked for, and in which it is announced."""
    person: str = ""
    """Who asked; empty for somebody who is not known."""
    started: float = 0.0
    """Seconds since the epoch at which it was asked for, as the clock said."""

    @property
    def repeats(self) -> bool:
        """Tell whether it rings again after it has rung."""
        return self.at is not None and bool(self.at.days)

    @property
    def pending(self) -> bool:
        """Tell whether it is still to ring, or rings."""
        return self.state is not State.DONE

    @property
    def label(self) -> str:
        """Return what it is called: its name, or what it reminds of; may be empty."""
        return self.name or self.text
