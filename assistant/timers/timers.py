"""What is to ring: the acts of people on it, and the loop that lets it ring."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import tzinfo
from typing import Literal

from assistant.errors import AssistantError, ServiceError
from assistant.events import EventBus, EventType, TurnEvent
from assistant.timers.calendar import following, local_zone
from assistant.timers.store import Store
from assistant.timers.timeline import Clocks, Timeline
from assistant.timers.timer import Kind, Outcome, State, Timer

__all__ = ["LONGEST", "MOST", "Refused", "Timers"]

log = logging.getLogger(__name__)

MOST = 100
"""Timers, alarms and reminders that may be pending at once."""
LONGEST = {Kind.TIMER: 7 * 86_400.0, Kind.ALARM: 7 * 86_400.0, Kind.REMINDER: 366 * 86_400.0}
"""Longest time in seconds after which something rings, by its kind."""
_TOO_LATE = 3 * 3600.0
"""Seconds after which it is no use to ring any more: it is told as missed."""
_LOOK = 0.3
"""Seconds between two looks at the clocks: a wall clock that is set, or a machine that wakes up, tells nobody."""
_SOON = 0.01
"""Seconds of the shortest wait."""
_OTHERS = 1.0
"""Seconds between two looks at whether another process has changed something."""
_MOMENT = 120.0
"""Seconds for which somebody who has called can still say what is to become of what rang."""
_KEPT = 86_400.0
"""Seconds for which it is known what was missed, or rang unheard."""


class Refused(AssistantError):
    """Something that cannot be set as it was asked for."""

    def __init__(self, why: Literal["length", "many", "clock", "past"], message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.why = why
        """What is wrong: its length, that there are too many, that the machine has no time of day, that it is past."""


class Timers:
    """All timers, alarms and reminders.

    What is stored is the truth: a change that somebody else was quicker with is not made. `run` lets them ring; where
    it does not run, such as in a command, what is set is stored for the daemon.
    """

    def __init__(
        self,
        store: Store,
        events: EventBus,
        *,
        clocks: Clocks | None = None,
        zone: Callable[[], tzinfo] = local_zone,
        most: int = MOST,
    ) -> None:
        self._store = store
        self._events = events
        self._clocks = clocks or Clocks()
        self._zone = zone
        self._most = most
        self._timers: dict[int, Timer] = {}
        self._unstored: dict[int, Timer] = {}
        self._timeline = Timeline(self._clocks, None)
        self._stopped: list[tuple[float, Timer]] = []
        self._revision: int | None = None
        self._stale = False
        self._writing = asyncio.Lock()
        self._moved = asyncio.Event()
        self.changed: set[Callable[[], None]] = set()
        """Called when any of them has changed."""

    async def load(self) -> None:
        """Take over what is stored; raises ServiceError where it cannot be read."""
        seen = await self._store.seen()
        self._timeline = Timeline(self._clocks, seen)
        if seen is None or seen.boot != self._timeline.seen.boot:
            try:
                await self._store.see(self._timeline.seen)
            except ServiceError as error:  # the disk is full: what is to ring will
                log.error("the clocks cannot be kept: %s", error)
        await self.refresh()

    # -- what there is ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Return the seconds on the timeline."""
        return self._timeline.now

    @property
    def wall(self) -> float:
        """Return the seconds since the epoch, as far as the machine knows."""
        return self._clocks.wall()

    @property
    def zone(self) -> tzinfo:
        """Return the zone in which the machine stands."""
        return self._zone()

    @property
    def clock_set(self) -> bool:
        """Tell whether the machine knows the time of day."""
        return self._clocks.is_set()

    def all(self) -> tuple[Timer, ...]:
        """Return all, in the order in which they were set; those that were missed or unheard for a day."""
        return tuple(self._timers.values())

    def pending(self, *kinds: Kind) -> tuple[Timer, ...]:
        """Return what is still to ring, or rings, of the given kinds, or of all."""
        return tuple(timer for timer in self.all() if timer.pending and (not kinds or timer.kind in kinds))

    def ringing(self) -> tuple[Timer, ...]:
        """Return what rings now."""
        return tuple(timer for timer in self.all() if timer.state is State.RINGING)

    def get(self, id_: int) -> Timer | None:
        """Return one by its number; None where there is none."""
        return self._timers.get(id_)

    def left(self, timer: Timer) -> float:
        """Return the seconds until it rings; less than 0 where it is late."""
        if timer.state is State.PAUSED:
            return timer.left
        return timer.due - (self._timeline.now if timer.at is None else self._clocks.wall())

    # -- the acts -----------------------------------------------------------------------------------------------------

    async def add(self, timer: Timer, *, turn: str = "") -> Timer:
        """Set one, by its `seconds` or its appointment; raises Refused, and ServiceError where it cannot be kept."""
        if len(self.pending()) >= self._most:
            raise Refused("many", f"there are {self._most} timers already", hint="assistant timers cancel ID")
        if timer.at is None:
            self._check(timer.kind, timer.seconds)
        elif not self._clocks.is_set():
            raise Refused("clock", "the machine does not know what time it is", hint="connect it, so that NTP sets it")
        async with self._writing:  # the timeline does not catch up meanwhile
            if timer.at is None:
                due = self._timeline.now + timer.seconds
                timer = replace(timer, owing=self._timeline.owes)
            elif (next_time := following(timer.at, self._clocks.wall(), self._zone())) is not None:
                due = next_time
            else:
                past = f"{timer.at.date} {timer.at.time} is past"
                raise Refused("past", past, hint="give a time that is to come")
            timer = await self._store.add(replace(timer, due=due, started=self._clocks.wall()))
            self._take([timer])
        self._publish(EventType.TIMER_STARTED, timer, turn)
        return timer

    async def cancel(self, timers: Iterable[Timer], *, turn: str = "") -> list[Timer]:
        """Let some not ring any more, and return those that there still were; raises ServiceError."""
        async with self._writing:
            removed = list(await self._store.remove([self._timers.get(timer.id, timer) for timer in timers]))
            for timer in removed:
                self._timers.pop(timer.id, None)
            self._tell()
        for timer in removed:
            self._publish(EventType.TIMER_CANCELLED, timer, turn)
        return removed

    async def pause(self, timer: Timer, *, turn: str = "") -> Timer | None:
        """Let a timer stand still; None where it cannot, because it rings or is gone. Raises ServiceError."""
        if timer.state is not State.RUNNING or timer.at is not None:
            return None
        return await self._change(replace(timer, state=State.PAUSED, left=max(0.0, self.left(timer))), turn)

    async def resume(self, timer: Timer, *, turn: str = "") -> Timer | None:
        """Let a timer go on; None where it was not paused. Raises ServiceError."""
        if timer.state is not State.PAUSED:
            return None
        async with self._writing:
            due, owing = self._timeline.now + timer.left, self._timeline.owes
            resumed = replace(timer, state=State.RUNNING, due=due, owing=owing, left=0.0)
            return await self._changed(resumed, turn)

    async def adjust(self, timer: Timer, seconds: float, *, turn: str = "") -> Timer | None:
        """Let a timer ring so much later, or earlier where *seconds* are less than 0.

        Returns None where it cannot be, because it rings or is gone. Raises Refused where nothing would be left, or too
        much, and ServiceError.
        """
        if timer.state not in (State.RUNNING, State.PAUSED) or timer.at is not None:
            return None
        self._check(timer.kind, self.left(timer) + seconds)
        if timer.state is State.PAUSED:
            return await self._change(replace(timer, left=timer.left + seconds), turn)
        return await self._change(replace(timer, due=timer.due + seconds), turn)

    async def stop(self, timers: Iterable[Timer], outcome: Outcome = Outcome.STOPPED, *, turn: str = "") -> list[Timer]:
        """Let some ring no more, and return those that did until now. Never fails: who wants silence gets it."""
        ringing = [timer for timer in timers if timer.state is State.RINGING]
        stopped = await self._store_changes([self._over(timer, outcome) for timer in ringing], turn)
        over = {timer.id for timer in stopped}
        self._stopped = [(self.now, timer) for timer in ringing if timer.id in over] or self._stopped
        return stopped

    def lately(self, device: str) -> list[Timer]:
        """Return what rings at a device, or did until somebody stopped it a moment ago: whoever calls stops it."""
        found = list(self.ringing()) or [timer for at, timer in self._stopped if self.now - at < _MOMENT]
        return [timer for timer in found if timer.device == device] or found

    async def snooze(self, timers: Sequence[Timer], seconds: float, *, turn: str = "") -> list[Timer]:
        """Let some ring no more, or that did lately, and once again after a while; raises Refused and ServiceError."""
        again = []
        for timer in timers:
            once = replace(timer, id=0, revision=0, state=State.RUNNING, at=None, seconds=seconds, last=0.0, late=0.0)
            again.append(await self.add(once, turn=turn))
        await self.stop(timers, Outcome.SNOOZED, turn=turn)
        self._stopped = []
        return again

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Let everything ring when it is due, until cancelled."""
        loop, looked, failed = asyncio.get_running_loop(), float("-inf"), False
        while True:
            self._moved.clear()
            try:
                await self._look()
                if self._stale or loop.time() - looked >= _OTHERS:
                    looked = loop.time()
                    await self._follow()
                failed = False
            except ServiceError as error:
                if not failed:
                    log.error("timers cannot be kept: %s; what rings now may ring again after a restart", error)
                failed = True
            await self._ring()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._moved.wait()

    def _until_next(self) -> float:
        """Return the seconds until there is something to do."""
        if self._stale:
            return _SOON
        lengths = [self.left(t) for t in self.pending() if t.state is State.RUNNING and self._sure(t)]
        return max(_SOON, min([_LOOK, *lengths])) if self.pending() else _OTHERS

    async def _look(self) -> None:
        """Store the clocks where that is due, and what follows for the timers.

        Where the wall clock was set back, times of day come again. What was set while the timeline was behind is moved
        with it when it catches up.
        """
        async with self._writing:
            look = self._timeline.look(idle=not self.pending())
            if look is None:
                return
            running, moved = [t for t in self.pending() if t.state is State.RUNNING], list[Timer]()
            if look.set_by:
                log.info("the clock was set %s by %.0f s", "forward" if look.set_by > 0 else "back", abs(look.set_by))
            if look.set_by < 0:
                moved += [replace(t, due=self._next(t)) for t in running if t.repeats]
            if not self._timeline.owes:
                moved += [replace(t, due=t.due + look.leap, owing=False) for t in running if t.owing]
            try:
                self._take(await self._store.see(look.sighting, moved))
                self._stale = True
            except ServiceError:
                self._keep_in_mind(moved)
                raise

    async def _follow(self) -> None:
        """Take over what another process has stored, store what could not be stored, and drop what is long over."""
        if self._unstored:
            async with self._writing:
                await self._store.change(list(self._unstored.values()))
                self._unstored.clear()
                self._revision = None
        if self._stale or self._revision != await self._store.revision():
            await self.refresh()
        old = [t for t in self.all() if not t.pending and abs(self._timeline.now - t.rang) > _KEPT]
        if old:
            async with self._writing:
                for timer in await self._store.remove(old):
                    self._timers.pop(timer.id, None)

    async def _ring(self) -> None:
        """Let all ring that are due: the change is stored first, so that none rings twice."""
        due = [t for t in self.pending() if t.state is State.RUNNING and self.left(t) <= 0 and self._sure(t)]
        for timer in await self._store_changes([self._rung(timer) for timer in due], ""):
            late = timer.outcome is Outcome.MISSED
            log.info("%s %d %s", timer.kind, timer.id, f"was missed, {timer.late:.0f} s ago" if late else "rings")
            self._publish(EventType.TIMER_FINISHED, timer, "")

    def _sure(self, timer: Timer) -> bool:
        """Tell whether it is sure that it is due: a time of day is not, while nobody knows what time it is."""
        return timer.at is None or self._clocks.is_set()

    def _rung(self, timer: Timer) -> Timer:
        """Return what becomes of one that is due: it rings, or was missed."""
        rung = replace(timer, rang=self._timeline.now, late=max(0.0, -self.left(timer)), outcome=Outcome.NONE)
        if rung.late > _TOO_LATE:
            return self._over(rung, Outcome.MISSED)
        return replace(rung, state=State.RINGING, last=timer.due if timer.repeats else 0.0)

    def _over(self, timer: Timer, outcome: Outcome) -> Timer:
        """Return what becomes of one that has rung: it is done, or waits for the next time."""
        if timer.repeats:
            return replace(timer, state=State.RUNNING, due=self._next(timer), outcome=outcome)
        return replace(timer, state=State.DONE, outcome=outcome)

    def _next(self, timer: Timer) -> float:
        assert timer.at is not None
        due = following(timer.at, self._clocks.wall(), self._zone(), timer.last)
        assert due is not None, "one that repeats comes again"
        return due

    # -----------------------------------------------------------------------------------------------------------------

    def _check(self, kind: Kind, seconds: float) -> None:
        if not 1.0 <= seconds <= LONGEST[kind]:
            raise Refused("length", f"a {kind} of {seconds:g} s cannot be set", hint="from 1 second to 7 days")

    async def _change(self, timer: Timer, turn: str) -> Timer | None:
        async with self._writing:
            return await self._changed(timer, turn)

    async def _changed(self, timer: Timer, turn: str) -> Timer | None:
        changed = await self._store.change([timer])
        self._take(changed)
        for timer in changed:
            self._publish(EventType.TIMER_UPDATED, timer, turn)
        return changed[0] if changed else None

    async def _store_changes(self, timers: Sequence[Timer], turn: str) -> list[Timer]:
        """Store changes, or keep them in mind where that is impossible: what is due rings, though the disk is full.

        What is over and was heard is deleted: nobody has to know of it any more.
        """
        if not timers:
            return []
        forgotten = [t for t in timers if t.outcome in (Outcome.STOPPED, Outcome.SNOOZED) and not t.pending]
        kept = [t for t in timers if t not in forgotten]
        async with self._writing:
            try:
                changed = [*await self._store.change(kept), *await self._store.remove(forgotten)]
            except ServiceError as error:
                log.error("timers cannot be kept: %s", error)
                changed = list(timers)
                self._keep_in_mind(timers)
            self._take(changed)
            self._stale = len(changed) < len(timers)
        for timer in changed:
            if timer.state is not State.RINGING and timer.outcome is not Outcome.MISSED:
                self._publish(EventType.TIMER_UPDATED, timer, turn)
        return changed

    def _keep_in_mind(self, timers: Iterable[Timer]) -> None:
        """Know timers as they are now, until that can be stored."""
        self._unstored |= {timer.id: timer for timer in timers}
        self._take(self._unstored.values())

    async def refresh(self) -> None:
        """Read everything anew, as after others have changed it; raises ServiceError."""
        async with self._writing:
            self._revision, self._stale = await self._store.revision(), False
            self._timers = {timer.id: self._unstored.get(timer.id, timer) for timer in await self._store.read()}
            self._tell()

    def _take(self, timers: Iterable[Timer]) -> None:
        """Know timers as they are now."""
        for timer in timers:
            if timer.pending or timer.outcome in (Outcome.MISSED, Outcome.UNHEARD):
                self._timers[timer.id] = timer
            else:
                self._timers.pop(timer.id, None)
        self._tell()

    def _tell(self) -> None:
        self._moved.set()
        for call in tuple(self.changed):
            call()

    def _publish(self, kind: EventType, timer: Timer, turn: str) -> None:
        data = {
            "timer": timer.id,
            "kind": str(timer.kind),
            "state": str(timer.state),
            "outcome": str(timer.outcome),
            "seconds": timer.seconds,
            "left": round(self.left(timer), 3),
            "late": round(timer.late, 3),
            "text": timer.label,
        }
        self._events.publish(TurnEvent(kind, turn, timer.device, self._clocks.wall(), data))
