"""What only grows: counts, and how often something took how long. All on one thread, so that nothing is locked."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.metrics.exposition import Family, Sample, number

__all__ = ["Counts", "Histogram"]


class Counts:
    """A count for each value of some labels."""

    def __init__(self, name: str, told: str, *labels: str) -> None:
        self._name, self._told, self._labels = name, told, labels
        self._counts = defaultdict[tuple[str, ...], float](float)
        if not labels:
            self._counts[()] = 0.0  # so that its first rise is seen as one

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count one more, or *by*, for the labels' *values*."""
        self._counts[values] += by

    def family(self) -> Family:
        """Return the counts."""
        samples = [Sample(count, dict(zip(self._labels, of, strict=True))) for of, count in self._counts.items()]
        return Family(self._name, "counter", self._told, samples)


@dataclass(slots=True)
class _Seen:
    counts: list[int]
    """Of values up to each bound, but above the one before; last, above all."""
    total: float = field(default=0.0)


class Histogram:
    """How many values were up to each of some *bounds*, for each value of some labels."""

    def __init__(self, name: str, told: str, bounds: Sequence[float], *labels: str) -> None:
        self._name, self._told, self._labels = name, told, labels
        self._bounds = tuple(bounds)
        self._edges = [*map(number, bounds), "+Inf"]
        self._seen = dict[tuple[str, ...], _Seen]()

    def observe(self, value: float, *values: str) -> None:
        """Note a value for the labels' *values*."""
        if (seen := self._seen.get(values)) is None:
            seen = self._seen[values] = _Seen([0] * len(self._edges))
        seen.counts[bisect_left(self._bounds, value)] += 1
        seen.total += value

    def family(self) -> Family:
        """Return what was seen."""
        return Family(self._name, "histogram", self._told, [*self._samples()])

    def _samples(self) -> Iterator[Sample]:
        for values, seen in self._seen.items():
            labels, below = dict(zip(self._labels, values, strict=True)), 0
            for edge, count in zip(self._edges, seen.counts, strict=True):
                below += count
                yield Sample(below, labels | {"le": edge}, "_bucket")
            yield Sample(seen.total, labels, "_sum")
            yield Sample(below, labels, "_count")
