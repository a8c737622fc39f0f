"""Assist's rules, as the peers are joined by them."""

from collections.abc import AsyncGenerator

from voice.systems.assist import CHUNK, Endpoint, streamed


def ended(*parts: tuple[float, float]) -> float:
    """Return when a command of (probability, seconds) parts is over."""
    endpoint, at = Endpoint(), 0.0
    for probability, seconds in parts:
        for _ in range(round(seconds / CHUNK)):
            at += CHUNK
            if endpoint.over(CHUNK, probability):
                return at
    return -1.0


def test_silence_of_0_7_s_ends_a_command():
    assert 1.92 + 0.69 <= ended((0.9, 1.92), (0.0, 2.0)) <= 1.92 + 0.75


def test_nothing_ends_before_a_command_has_begun():
    assert ended((0.0, 10.0)) == -1.0


def test_silence_is_forgotten_only_after_a_second_of_speech():
    assert ended((0.9, 2.0), (0.0, 0.5), (0.9, 0.5), (0.0, 2.0)) < 3.3
    assert ended((0.9, 2.0), (0.0, 0.5), (0.9, 1.5), (0.0, 2.0)) > 4.6


def test_a_command_is_cut_after_15_s():
    assert 14.9 < ended((0.9, 20.0)) < 15.1


async def words(*given: str) -> AsyncGenerator[str, None]:
    for word in given:
        yield word


async def test_a_reply_is_held_back_up_to_60_characters():
    assert [part async for part in streamed(words("a" * 40, "b" * 40, "c"))] == ["a" * 40 + "b" * 40, "c"]
    assert [part async for part in streamed(words("short", "."))] == ["short."]
