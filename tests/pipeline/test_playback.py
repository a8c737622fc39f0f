"""What was heard of an answer: whole clauses, and of one that was cut off its share of the words."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from assistant import AudioChunk, AudioFormat
from assistant.pipeline.playback import Playback, Spoken
from assistant.testing import FakeSink, run_in_virtual_time

FORMAT = AudioFormat(1000)


def piece(seconds: float, clause: str = "") -> Spoken:
    return Spoken(AudioChunk(bytes(FORMAT.size(seconds)), FORMAT), clause)


async def spoken(*pieces: Spoken) -> AsyncGenerator[Spoken, None]:
    for one in pieces:
        yield one


def heard(after: float, *pieces: Spoken) -> str:
    """Play *pieces* on a fake speaker, leave after so many seconds, and return what was heard."""
    playback = Playback()

    async def main() -> None:
        async with aclosing(playback.play(FakeSink(), spoken(*pieces))) as progress:
            async for played in progress:
                if played.seconds >= after - 1e-6:
                    break

    run_in_virtual_time(main())
    return playback.heard


def test_the_first_piece_of_a_clause_is_not_the_whole_of_it() -> None:
    assert heard(0.4, piece(0.4, "One two three four."), piece(1.6)) == "One two three"


TWO = (piece(1.0, "One two three four."), piece(1.0), piece(1.0, "Five six."))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (0.0, ""),
        (0.16, ""),
        (0.56, "One two"),
        (1.04, "One two"),
        (1.6, "One two three"),
        (2.0, "One two three"),  # whether more of the clause follows is not known yet
        (2.08, "One two three four."),
        (2.56, "One two three four. Five"),
        (2.92, "One two three four. Five"),
        (99.0, "One two three four. Five six."),
    ],
)
def test_what_was_heard_until_it_was_left(after: float, words: str) -> None:
    assert heard(after, *TWO) == words


def test_a_clause_that_is_still_being_made_is_not_heard() -> None:
    playback = Playback()

    async def main() -> None:
        async with aclosing(playback.play(FakeSink(), spoken(*TWO))) as progress:
            await anext(progress)
            assert playback.heard == ""
            assert not playback.silent

    run_in_virtual_time(main())


@pytest.mark.parametrize("pieces", [(), (piece(0.0, "Nothing."),)])
def test_an_answer_without_sound_is_silent(pieces: tuple[Spoken, ...]) -> None:
    playback = Playback()

    async def main() -> None:
        async with aclosing(playback.play(FakeSink(), spoken(*pieces))) as progress:
            async for _ in progress:
                pass

    run_in_virtual_time(main())
    assert playback.silent


def test_a_clause_without_sound_between_others_is_no_division_by_nothing() -> None:
    assert heard(0.5, piece(1.0, "One two."), piece(0.0, "Silent."), piece(1.0, "Three.")) == "One"
    assert heard(99, piece(1.0, "One two."), piece(0.0, "Silent."), piece(1.0, "Three.")) == "One two. Silent. Three."
