"""Who is written when: the policy by itself, with requests that are nothing but counts."""

import random
from dataclasses import dataclass, field

import pytest
from assistant_llama_cpp.pace import Pace
from assistant_llama_cpp.scheduler import Scheduler

from assistant import Priority

VOICE, API, BACKGROUND = Priority.VOICE, Priority.API, Priority.BACKGROUND


@dataclass(eq=False)
class Request:
    """A prompt of some tokens and a reply of some."""

    prompt: int
    reply: int
    priority: Priority = API
    order: int = 0
    held: int = 0
    ready: bool = True
    tokens: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = [1] * self.prompt

    @property
    def rank(self) -> tuple[int, int]:
        return self.priority, self.order

    @property
    def read(self) -> int:
        return self.held

    @property
    def written(self) -> int:
        return len(self.tokens) - self.prompt

    @property
    def writing(self) -> bool:
        return self.written > 0 and self.held == len(self.tokens) - 1

    def words(self, most: int) -> list[int]:
        return self.tokens[self.held : self.held + most]

    def advance(self, words: list[int]) -> None:
        self.held += len(words)
        if self.held == len(self.tokens) and self.written < self.reply:
            self.tokens.append(1)

    @property
    def complete(self) -> bool:
        return self.written == self.reply


class Engine:
    """Follow a scheduler, with a cache of *context* tokens that nothing is left in."""

    def __init__(self, slots: int, context: int, batch: int = 32) -> None:
        self.scheduler: Scheduler[Request] = Scheduler(slots, context, batch)
        self.slots, self.context, self.batch = slots, context, batch
        self.arrived = 0
        self.begun: list[Request] = []
        self.finished: list[Request] = []

    def add(self, *requests: Request) -> None:
        for request in requests:
            self.arrived += 1
            request.order = self.arrived
            self.scheduler.add(request)

    def step(self, allowance: int = 4) -> dict[Request, int]:
        """Take a step; return the tokens that were read of each request."""
        scheduler = self.scheduler
        while (leaving := scheduler.giving_way()) is not None:
            first = scheduler.begin()
            assert all(other.priority > first.priority for other in leaving)
            for other in leaving:
                self.pause(other)
            self.begun.append(first)
        parts = scheduler.parts(scheduler.turns(), allowance)
        assert len(scheduler.active) <= self.slots
        assert sum(len(words) for work, words in parts if not work.writing) <= self.batch
        if sum(work.held for work in scheduler.active) + sum(len(words) for _, words in parts) > self.context:
            crowded = scheduler.crowded()
            assert crowded, "one that is alone has room"
            assert crowded.rank == max(work.rank for work in scheduler.active)
            self.pause(crowded)
            return {}
        for work, words in parts:
            work.advance(words)
            if work.complete:
                scheduler.leave(work)
                self.finished.append(work)
        return {work: len(words) for work, words in parts}

    def pause(self, work: Request) -> None:
        self.scheduler.pause(work)
        work.held = 0

    def run(self, most: int = 10_000) -> None:
        while self.scheduler.active or self.scheduler.waiting:
            most -= 1
            assert most, "no end is in sight"
            self.step()


@pytest.mark.parametrize("seed", range(60))
def test_whatever_comes_all_are_served_and_none_overflows(seed: int) -> None:
    chosen = random.Random(seed)
    engine = Engine(slots=chosen.randint(1, 5), context=chosen.choice([64, 128, 400]))
    kept: list[Request] = []
    for _ in range(40):
        if chosen.random() < 0.6:
            prompt = chosen.randint(1, 40)
            reply = chosen.randint(1, 64 - prompt)
            kept.append(Request(prompt, reply, chosen.choice([VOICE, API, API, BACKGROUND])))
            engine.add(kept[-1])
        if chosen.random() < 0.2 and kept:
            gone = chosen.choice(kept)
            engine.scheduler.leave(gone)
            kept.remove(gone)
        for work in kept:
            work.ready = chosen.random() < 0.8
        engine.step(chosen.randint(1, 40))
    for work in kept:
        work.ready = True
    engine.run()
    assert all(work.complete for work in kept)


def test_requests_of_a_class_begin_in_the_order_in_which_they_came() -> None:
    engine = Engine(slots=2, context=1000)
    requests = [Request(5, 3 + n % 4) for n in range(9)]
    engine.add(*requests)
    engine.run()
    assert engine.begun == requests


def test_a_voice_takes_the_place_of_a_program_which_is_continued_later() -> None:
    engine = Engine(slots=2, context=1000)
    programs = [Request(5, 30), Request(5, 30)]
    engine.add(*programs)
    for _ in range(4):
        engine.step()
    voice = Request(5, 8, VOICE)
    engine.add(voice)
    engine.step()
    assert engine.scheduler.active == [programs[0], voice] and engine.scheduler.waiting == [programs[1]]
    assert programs[1].written > 0
    engine.run()
    assert engine.finished[0] is voice
    assert engine.begun == [*programs, voice, programs[1]]


def test_nobody_gives_way_to_an_equal() -> None:
    engine = Engine(slots=1, context=1000)
    engine.add(Request(5, 5), Request(5, 5))
    engine.step()
    assert engine.scheduler.giving_way() is None
    voice, other = Request(5, 50, VOICE), Request(5, 5, VOICE)
    engine.add(voice, other)
    engine.step()
    assert engine.scheduler.active == [voice]
    assert engine.scheduler.giving_way() is None


def test_the_less_urgent_take_part_in_one_step_of_four() -> None:
    engine = Engine(slots=4, context=1000)
    voice, program, summary = Request(4, 41, VOICE), Request(4, 100), Request(4, 100, BACKGROUND)
    engine.add(voice, program, summary)
    parts = [engine.step() for _ in range(40)]
    assert all(voice in part for part in parts)
    assert sum(program in part for part in parts) == 10
    assert sum(summary in part for part in parts) == 9, "first the program's prompt was read"
    voice.ready = False  # its reader lags: the others have all steps
    assert all(program in engine.step() for _ in range(2))


def test_a_long_prompt_is_read_in_pieces_beside_a_reply_of_its_class() -> None:
    engine = Engine(slots=4, context=1000, batch=32)
    reply, prompt, short = Request(4, 100), Request(200, 1), Request(15, 1)
    engine.add(reply)
    engine.step()
    engine.add(prompt)
    assert engine.step(allowance=6) == {reply: 1, prompt: 16}, "its start is read at once"
    engine.add(short)
    assert engine.step(allowance=6) == {reply: 1, prompt: 6, short: 15}, "so is all of a short one"
    assert engine.step(allowance=6) == {reply: 1, prompt: 6}
    assert engine.step(allowance=99) == {reply: 1, prompt: 32}


def test_a_prompt_waits_for_more_urgent_replies_only() -> None:
    engine = Engine(slots=4, context=1000, batch=32)
    program = Request(4, 100)
    engine.add(program)
    engine.step()
    voice, late = Request(60, 10, VOICE), Request(60, 10)
    engine.add(voice, late)
    read = [engine.step(allowance=6)[voice] for _ in range(2)]
    assert read == [32, 28], "whole pieces, though a program is being written"
    pieces = [engine.step(allowance=6).get(late, 0) for _ in range(8)]
    assert max(pieces) == 6, "not even its start is read at once beside a voice"


def test_what_is_left_of_a_step_goes_to_the_next_prompt() -> None:
    engine = Engine(slots=4, context=1000, batch=32)
    requests = [Request(20, 1), Request(20, 1), Request(20, 1)]
    engine.add(*requests)
    assert engine.step() == {requests[0]: 20, requests[1]: 12}


def test_who_was_paused_for_want_of_room_waits_until_another_leaves() -> None:
    engine = Engine(slots=4, context=200)
    first, second = Request(60, 100), Request(60, 100)
    engine.add(first, second)
    engine.step()
    while not engine.scheduler.waiting:
        engine.step()
    assert engine.scheduler.active == [first] and engine.scheduler.waiting == [second]
    while first not in engine.finished:
        assert second not in engine.step()
    engine.run()
    assert engine.begun == [first, second, second]


def test_a_long_prompt_is_not_overtaken_for_ever() -> None:
    engine = Engine(slots=4, context=200)
    engine.add(Request(20, 60))
    engine.step()
    long = Request(150, 5)
    engine.add(long, *(Request(5, 5) for _ in range(9)))
    engine.step()
    assert engine.scheduler.waiting[0] is long and len(engine.scheduler.active) == 1
    engine.run()
    assert engine.begun[1] is long


def test_a_step_with_a_prompt_takes_at_most_some_times_one_without() -> None:
    pace = Pace()
    for written, read in [(0, 128), (0, 64), *[(1, 0)] * 9]:
        pace.learn(0.010 * bool(written) + 0.001 * read, written, read)
    assert 0.010 + pace.allowance * 0.001 <= 0.025 < 0.010 + (pace.allowance + 2) * 0.001
    for _ in range(20):  # small pieces turn out to be dearer
        pace.learn(0.010 + 0.016 * pace.allowance, 1, pace.allowance)
    assert pace.allowance == 1, "fewer would never end"


def test_a_few_outliers_change_nothing() -> None:
    pace = Pace()
    for n in range(30):
        pace.learn(9.0 if n % 5 == 0 else 0.010, 1, 0)
        pace.learn(9.0 if n % 5 == 0 else 0.064, 0, 64)
    assert pace.allowance == 15


def test_a_prompt_that_costs_nothing_and_one_that_is_unknown() -> None:
    pace = Pace()
    assert pace.allowance > 0
    pace.learn(0.010, 1, 0)
    pace.learn(0.008, 1, 100)
    assert pace.allowance > 0
