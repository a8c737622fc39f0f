"""What is seen of a turn becomes a latency, a cut-off or a missing answer."""

from typing import Any

import pytest
from voice.measure import Turn, judged, summary, word_errors, words


def record(**seen: Any) -> dict[str, Any]:
    return {
        "set": "lengths",
        "devices": 1,
        "cold": False,
        "text": "What do bees make?",
        "last": 2.0,
        "ends": [2.5],
        "resumed": [],
        "sounds": [3.0],
        "transcripts": ["What do bees make?"],
        "reply": "Honey.",
        "error": "",
    } | seen


def test_the_latency_is_from_the_last_voiced_sample_to_the_first_audible_one():
    turn = judged(record())
    assert turn.latency == pytest.approx(1.0)
    assert turn.answered and not turn.cut_off and not turn.early_end
    assert (turn.errors, turn.spoken) == (0, 4)


def test_a_turn_that_ends_in_a_pause_and_stays_ended_is_cut_off():
    turn = judged(record(ends=[1.2]))
    assert turn.cut_off and turn.early_end and turn.latency is None


def test_an_early_end_that_is_taken_back_in_silence_is_not_noticed():
    turn = judged(record(ends=[1.2, 2.4], resumed=[1.5]))
    assert turn.early_end and not turn.cut_off
    assert turn.latency == pytest.approx(1.0)


def test_an_answer_that_sounds_while_the_person_speaks_is_a_cut_off():
    assert judged(record(ends=[1.2, 2.4], resumed=[1.9], sounds=[1.8, 3.0])).cut_off


@pytest.mark.parametrize("seen", [{"sounds": []}, {"reply": " "}, {"error": "model stt: no"}])
def test_silence_empty_words_and_apologies_are_no_answers(seen):
    turn = judged(record(**seen))
    assert not turn.answered and turn.latency is None


def test_words_are_compared_without_marks_and_with_numbers_as_digits():
    assert words("Set a timer for five minutes!") == words("set a timer for 5 minutes.")
    assert words("What's the weather?") == ["what", "is", "the", "weather"]


@pytest.mark.parametrize(
    ("heard", "errors"),
    [("a b c", 0), ("a c", 1), ("a x c", 1), ("a b c d", 1), ("", 3), ("x y z", 3)],
)
def test_word_errors_are_substitutions_deletions_and_insertions(heard, errors):
    assert word_errors(["a", "b", "c"], heard.split()) == errors


def test_a_summary_tells_latency_cut_offs_and_quality_together():
    def turn(latency: float | None, *, cut_off: bool = False) -> Turn:
        return Turn("lengths", 1, False, latency, latency is not None, cut_off, cut_off, 1, 10)

    found = summary([turn(1.0), turn(2.0), turn(3.0), turn(None, cut_off=True)])
    assert (found["n"], found["p50"], found["p95"]) == (4, 2.0, 2.9)
    assert found["cutoff_rate"] == 0.25
    assert found["quality"] == {"wer": 0.1, "answered": 0.75, "complete": 0.75}
