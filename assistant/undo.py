"""What can be taken back: whoever does something offers how it is undone, and "undo that" takes the latest offer."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

__all__ = ["Undo", "Undos"]

Undo = Callable[[str], Awaitable[str]]
"""Takes back what was done, or finds that it cannot be; takes a BCP-47 tag, returns what is true now, as it is said."""

_MOST = 8
"""Offers that are kept of one device; the oldest go first."""
_DEVICES = 64
"""Devices of which offers are kept; the longest unused goes first."""
_FRESH = 3600.0
"""Seconds after which nobody means it any more by "that"."""


class Undos:
    """What was done lately, by the device or door where it was asked for; in memory only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._offers: OrderedDict[str, list[tuple[float, Undo]]] = OrderedDict()

    def offer(self, device: str, undo: Undo) -> None:
        """Note how what was just done for *device* is taken back."""
        offers = self._offers.setdefault(device, [])
        offers.append((self._clock(), undo))
        del offers[:-_MOST]
        self._offers.move_to_end(device)
        if len(self._offers) > _DEVICES:
            self._offers.popitem(last=False)

    @contextmanager
    def together(self, device: str) -> Iterator[None]:
        """Have what is offered for *device* meanwhile taken back by one "undo that", the last of it first."""
        earlier = list(self._offers.get(device, ()))
        try:
            yield
        finally:
            offers = self._offers.get(device, [])
            made = [offer for offer in offers if offer not in earlier]
            if len(made) > 1:
                offers[:] = [offer for offer in offers if offer not in made]
                self.offer(device, partial(_all_of, [undo for _, undo in reversed(made)]))

    def latest(self, device: str) -> Undo | None:
        """Return how the last thing would be taken back; None where nothing was done, or long ago."""
        offers = self._offers.get(device)
        if not offers:
            return None
        at, undo = offers[-1]
        return undo if self._clock() - at <= _FRESH else None

    def take(self, device: str) -> Undo | None:
        """Return how the last thing is taken back, once; None where nothing was done, or long ago."""
        offers = self._offers.get(device)
        if not offers:
            return None
        at, undo = offers.pop()
        return undo if self._clock() - at <= _FRESH else None

    def forget(self) -> None:
        """Forget all of it."""
        self._offers.clear()


async def _all_of(undos: Sequence[Undo], language: str) -> str:
    """Take back one after the other."""
    return " ".join([await undo(language) for undo in undos])
