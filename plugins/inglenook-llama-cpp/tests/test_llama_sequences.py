import itertools

import pytest
from assistant_llama_cpp.sequences import PrefixCache, common_prefix

SYSTEM = [1, 2, 3, 4]


def written(cache: PrefixCache, tokens: list[int], conversation: str = "") -> int:
    """Claim, write and release; return the sequence's number."""
    claim = cache.claim(tokens, conversation)
    claim.sequence.tokens = list(tokens)
    cache.release(claim.sequence)
    return claim.sequence.id


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [([], [], 0), ([1], [], 0), ([1, 2], [1, 2], 2), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 5, 3], 1), ([1], [2], 0)],
)
def test_common_prefix(one: list[int], other: list[int], length: int) -> None:
    assert common_prefix(one, other) == common_prefix(other, one) == length


def test_the_next_turn_of_a_conversation_goes_on_where_it_was() -> None:
    cache = PrefixCache(3)
    first = written(cache, [*SYSTEM, 10, 11], "kitchen")
    claim = cache.claim([*SYSTEM, 10, 11, 12, 13], "kitchen")
    assert (claim.sequence.id, claim.source.id, claim.cached) == (first, first, 6)


def test_a_changed_tail_is_cut() -> None:
    cache = PrefixCache(3)
    first = written(cache, [*SYSTEM, 10, 11, 12], "kitchen")
    claim = cache.claim([*SYSTEM, 10, 99], "kitchen")
    assert (claim.sequence.id, claim.cached) == (first, 5)
    assert claim.sequence.tokens == [*SYSTEM, 10]


def test_the_last_token_is_always_read() -> None:
    cache = PrefixCache(2)
    written(cache, SYSTEM, "kitchen")
    assert cache.claim(SYSTEM, "kitchen").cached == 3


def test_another_conversation_copies_the_shared_prefix_and_leaves_the_first_alone() -> None:
    cache = PrefixCache(3)
    kitchen = written(cache, [*SYSTEM, 10, 11], "kitchen")
    claim = cache.claim([*SYSTEM, 20], "hall")
    assert claim.source.id == kitchen and claim.sequence.id != kitchen and claim.cached == 4
    assert cache.sequences[kitchen].tokens == [*SYSTEM, 10, 11]


def test_a_prefix_is_copied_from_a_reply_that_is_still_being_written() -> None:
    cache = PrefixCache(2)
    busy = cache.claim([*SYSTEM, 10], "kitchen").sequence
    busy.tokens = [*SYSTEM, 10]
    claim = cache.claim([*SYSTEM, 20], "kitchen")
    assert claim.source is busy and claim.sequence is not busy and claim.cached == 4


def test_a_nameless_conversation_is_continued_where_nothing_is_lost() -> None:
    cache = PrefixCache(3)
    first = written(cache, [*SYSTEM, 10])
    assert cache.claim([*SYSTEM, 10, 11, 12], "").sequence.id == first
    other = cache.claim([*SYSTEM, 30], "")
    assert other.sequence.id != first and other.cached == 4


def test_the_least_recently_used_goes_first() -> None:
    cache = PrefixCache(2)
    kitchen, hall = written(cache, [1, 2], "kitchen"), written(cache, [3, 4], "hall")
    written(cache, [1, 2, 5], "kitchen")
    assert cache.claim([7, 8], "bath").sequence.id == hall
    assert cache.evict() is cache.sequences[kitchen]
    assert cache.evict() is None, "what is being written is never evicted"
    assert cache.sequences[kitchen].tokens == []


def test_a_recurrent_state_is_kept_whole_or_not_at_all() -> None:
    cache = PrefixCache(2, divisible=False)
    written(cache, [1, 2, 3], "kitchen")
    assert cache.claim([1, 2, 9], "kitchen").cached == 0
    cache = PrefixCache(2, divisible=False)
    written(cache, [1, 2, 3], "kitchen")
    assert cache.claim([1, 2, 3, 4], "hall").cached == 3


def test_more_claims_than_sequences_is_an_error() -> None:
    cache = PrefixCache(1)
    cache.claim([1], "")
    with pytest.raises(RuntimeError):
        cache.claim([1], "")


def test_claims_never_share_a_sequence_and_never_promise_what_is_not_there() -> None:
    """Walk through many short histories and hold the cache against what was written."""
    for history in itertools.product(range(4), repeat=5):
        cache = PrefixCache(3)
        for n, choice in enumerate(history):
            prompt = [*SYSTEM[: choice + 1], 10 + choice, 20 + n % 2]
            before = {s.id: list(s.tokens) for s in cache.sequences}
            claim = cache.claim(prompt, "ab"[choice % 2] if choice else "")
            assert before[claim.source.id][: claim.cached] == prompt[: claim.cached] == claim.sequence.tokens
            assert claim.cached < len(prompt)
            claim.sequence.tokens = prompt
            if choice != 3:
                cache.release(claim.sequence)
            if sum(s.busy for s in cache.sequences) == 3:
                break
