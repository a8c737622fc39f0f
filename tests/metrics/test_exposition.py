"""The text, as Prometheus' own parser reads it."""

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assistant.metrics import Counts, Family, Histogram, Sample, text

AWKWARD = 'a "quoted" \\ back\\nslash\nand a line {le="1"} 5 # µ'


def read(families: list[Family]) -> dict[str, tuple[str, str, dict[tuple[str, frozenset[tuple[str, str]]], float]]]:
    """Return each family by name: its type, its help, and its values by name and labels."""
    return {
        each.name: (
            each.type,
            each.documentation,
            {(one.name, frozenset(one.labels.items())): one.value for one in each.samples},
        )
        for each in text_string_to_metric_families(text(families))
    }


def test_what_is_written_is_what_is_read_whatever_is_in_it() -> None:
    values = [0, 3, 0.1, 1e-9, 2.5e17, 123456789012345678, -4.25, math.inf, -math.inf]
    samples = [Sample(value, {"model": f"{AWKWARD}{n}", "kind": ""}) for n, value in enumerate(values)]
    kind, told, found = read([Family("some_gauge", "gauge", f"Told {AWKWARD}", samples)])["some_gauge"]
    assert (kind, told) == ("gauge", f"Told {AWKWARD}")
    assert found == {("some_gauge", frozenset(sample.labels.items())): sample.value for sample in samples}


def test_what_is_no_number_is_written_as_one() -> None:
    assert text([Family("some", "gauge", "None.", [Sample(math.nan)])]).splitlines()[-1] == "some NaN"


def test_a_name_without_numbers_is_left_out() -> None:
    assert text([Family("some", "gauge", "None.", []), Counts("more_total", "None yet.", "of").family()]) == ""


def test_a_count_without_labels_begins_at_nothing() -> None:
    counts = Counts("some_total", "Some.")
    assert read([counts.family()])["some"][2] == {("some_total", frozenset()): 0}
    counts.add()
    counts.add(by=2.5)
    assert read([counts.family()])["some"][2] == {("some_total", frozenset()): 3.5}


@pytest.mark.parametrize("order", [1, -1])
def test_a_histogram_counts_all_up_to_each_bound(order: int) -> None:
    histogram = Histogram("some_seconds", "Seconds.", (0.1, 1.0, 10.0), "stage")
    for seconds in [0.05, 0.1, 0.10001, 1.0, 5.0, 10.0, 10.1, 1e6][::order]:
        histogram.observe(seconds, AWKWARD)
    histogram.observe(0.5, "other")
    kind, _, found = read([histogram.family()])["some_seconds"]
    assert kind == "histogram"
    stage = ("stage", AWKWARD)
    assert [found["some_seconds_bucket", frozenset({stage, ("le", edge)})] for edge in ("0.1", "1", "10", "+Inf")] == [
        2,
        4,
        6,
        8,
    ]
    assert found["some_seconds_count", frozenset({stage})] == 8
    assert found["some_seconds_sum", frozenset({stage})] == pytest.approx(1000026.35001)
    assert found["some_seconds_count", frozenset({("stage", "other")})] == 1
