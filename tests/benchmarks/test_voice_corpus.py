"""The labels: where somebody begins and ends to speak; and the pace at which it is played."""

import asyncio
from contextlib import aclosing

import numpy as np
import pytest
from voice.corpus import Utterance, chosen
from voice.sound import RATE, edges, level, noise, read, room_like, to_bytes, write
from voice.stage import Stage


def voiced(seconds: float, decibels: float = -20.0):
    return noise(round(seconds * RATE), decibels, seed=1)


@pytest.mark.parametrize("room", [-90.0, -60.0, -40.0])
def test_edges_are_found_to_10_ms_in_any_room(room):
    samples = noise(2 * RATE, room, seed=2)
    samples[round(0.5 * RATE) : round(1.2 * RATE)] += voiced(0.7)
    assert edges(samples) == pytest.approx((0.5, 1.2), abs=0.011)


def test_a_room_that_gets_louder_after_the_last_word_is_no_speech():
    samples = np.concatenate([noise(RATE, -60, seed=3), voiced(0.5), noise(RATE, -40, seed=4)])
    assert edges(samples)[1] == pytest.approx(1.5, abs=0.011)


def test_a_pause_does_not_make_a_voice_quieter():
    silence = np.zeros(RATE, np.float32)
    assert level(np.concatenate([voiced(1), silence, voiced(1)])) == pytest.approx(level(voiced(1)), abs=0.5)


def test_a_room_goes_on_without_a_seam():
    ending = np.arange(4, dtype=np.float32)
    assert room_like(ending, 10).tolist() == [3, 2, 1, 0, 0, 1, 2, 3, 3, 2]


def test_a_file_is_read_as_it_was_written(tmp_path):
    write(tmp_path / "a.wav", voiced(0.1))
    assert to_bytes(read(tmp_path / "a.wav")) == to_bytes(voiced(0.1))


def test_the_chosen_ones_are_spread_over_each_set():
    corpus = [Utterance(str(n), name, "", "", "", 0, 0) for name in ("lengths", "pauses") for n in range(9)]
    found = chosen(corpus, ["lengths", "pauses", "television"], 3)
    assert [(u.set, u.name) for u in found] == [(s, n) for s in ("lengths", "pauses") for n in ("0", "4", "8")]
    assert len(chosen(corpus, ["lengths"], 99)) == 9


async def test_a_stage_plays_the_utterance_whole_and_hears_the_room_around_it():
    stage = Stage(0)
    sound = voiced(0.05)
    take = stage.play(sound, last=0.05)
    heard = b""
    async with aclosing(stage.capture(0.02)) as chunks:
        async for _, pcm in chunks:
            assert len(pcm) == 640
            heard += pcm
            if len(heard) >= 2 * 640 * 2:
                break
    assert take.begun.is_set()
    assert heard.startswith(to_bytes(sound))
    assert np.abs(np.frombuffer(heard[len(to_bytes(sound)) :], "<i2")).max() < 100


async def test_an_answer_sounds_with_its_first_audible_sample_after_what_still_plays():
    stage = Stage(0)
    take = stage.play(voiced(0.1), last=-1.0)
    take.began = asyncio.get_running_loop().time()
    silence = bytes(2 * 1000)
    take.play(silence, 1000)  # a second of nothing
    assert take.sounds == [] and not take.over.is_set()
    take.play(silence[:200] + b"\x00\x40", 1000)
    assert take.sounds[0] == pytest.approx(1.1, abs=0.05)
    assert take.over.is_set()
    take.play(b"\x00\x40", 1000)
    assert len(take.sounds) == 1
    take.end()
    take.play(b"\x00\x40", 1000)
    assert len(take.sounds) == 2
