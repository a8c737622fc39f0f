"""What turns came to, by their receipts."""

from collections.abc import Callable, Collection, Iterator

from assistant.metrics.counts import Counts, Histogram
from assistant.metrics.exposition import Family
from assistant.pipeline.receipt import Receipt

__all__ = ["Turns"]

_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Bounds: what a person feels in a conversation is between 0.2 and 3 s."""
_TOTAL = "total"
"""What stands beside the stages of a receipt for all of them together."""


class Turns:
    """Count turns; *devices* are those of the configuration, whatever else plugins call theirs."""

    def __init__(self, devices: Collection[str]) -> None:
        self._devices = devices
        self._turns = Counts("inglenook_turns_total", "Turns that have ended.", "assistant", "device", "outcome")
        self._rungs = Counts("inglenook_answers_total", "Turns that were answered, by the rung that did.", "rung")
        self._stages = Histogram(
            "inglenook_turn_stage_seconds",
            "Seconds that a person waited for each stage after the one before, and in all for an answer.",
            _SECONDS,
            "device",
            "stage",
        )
        self._words = Counts("inglenook_wake_words_total", "Wake words that began a turn.", "device", "word")
        self._begun = Counts("inglenook_drafts_begun_total", "Drafts that were begun.")
        self._drafts = Counts(
            "inglenook_drafts_committed_total",
            "Drafts that became the answer: hits were begun before the utterance was known to be over.",
            "result",
        )
        self._wasted = Counts("inglenook_drafts_wasted_seconds_total", "Seconds of work on drafts that were discarded.")
        self._acts = Counts("inglenook_tool_calls_total", "Calls of tools.", "outcome", "risk")

    def counting(self, keep: Callable[[Receipt], None]) -> Callable[[Receipt], None]:
        """Return what keeps a receipt and counts its turn."""

        def kept(receipt: Receipt) -> None:
            self._count(receipt)
            keep(receipt)

        return kept

    def families(self) -> Iterator[Family]:
        """Yield what was counted."""
        every = (self._turns, self._rungs, self._stages, self._words, self._begun, self._drafts, self._wasted)
        yield from (one.family() for one in (*every, self._acts))

    def _count(self, receipt: Receipt) -> None:
        device = receipt.device if receipt.device in self._devices else ""
        self._turns.add(receipt.assistant, device, receipt.outcome)
        if receipt.rung:
            self._rungs.add(receipt.rung)
        for stage, seconds in receipt.parts.items():
            self._stages.observe(seconds, device, stage)
        if receipt.outcome == "answered":
            self._stages.observe(receipt.voice_to_voice, device, _TOTAL)
        if receipt.wake_word:
            self._words.add(device, receipt.wake_word)
        drafting = receipt.drafting
        self._begun.add(by=drafting.begun)
        self._wasted.add(by=drafting.wasted)
        if drafting.begun and receipt.parts:
            self._drafts.add("hit" if drafting.hit else "miss")
        for action in receipt.actions:
            self._acts.add(action.outcome, action.risk)  # a model may call a tool by any name
