"""What was heard of an answer: whole clauses, and of one that was cut off its share of the words."""

import array
import asyncio
import itertools
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


def loudness(form: AudioFormat, *commands: tuple[float, str]) -> list[int]:
    """Play two seconds of a constant, call methods at times, and return the value at the end of each 20 ms."""
    playback, sink = Playback(), FakeSink()
    top = 1 << (8 * form.width - 2)
    frame = top.to_bytes(form.width, "little") * form.channels
    piece = Spoken(AudioChunk(frame * 2 * form.rate, form), "Words.")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for at, method in commands:
            loop.call_later(at, getattr(playback, method))
        async with aclosing(playback.play(sink, spoken(piece))) as progress:
            async for _ in progress:
                pass

    run_in_virtual_time(main())
    assert sum(chunk.duration for chunk in sink.heard) == pytest.approx(2.0)
    assert playback.heard == playback.said == "Words."
    last = [chunk.audio[-form.frame : -form.frame + form.width or None] for chunk in sink.heard]
    return [round(100 * int.from_bytes(value, "little", signed=True) / top) for value in last]


@pytest.mark.parametrize("form", [AudioFormat(22_050), AudioFormat(48_000, 3, 2), AudioFormat(16_000, 4)])
def test_the_voice_is_lowered_and_rises_again(form: AudioFormat) -> None:
    heard = loudness(form, (0.51, "duck"), (1.01, "restore"))
    assert heard == [100] * 26 + [15] * 25 + [100] * 49


def test_nothing_is_touched_where_the_voice_is_as_it_was() -> None:
    assert loudness(AudioFormat(16_000)) == [100] * 100


def test_the_voice_is_lowered_without_a_click() -> None:
    playback, sink = Playback(), FakeSink()
    form = AudioFormat(16_000)
    piece = Spoken(AudioChunk((10_000).to_bytes(2, "little") * 16_000, form), "Words.")

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.5, playback.duck)
        async with aclosing(playback.play(sink, spoken(piece))) as progress:
            async for _ in progress:
                pass

    run_in_virtual_time(main())
    samples = array.array("h", b"".join(chunk.audio for chunk in sink.heard))
    assert samples[-1] == 1500
    assert max(abs(a - b) for a, b in itertools.pairwise(samples)) < 40
