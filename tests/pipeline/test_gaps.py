"""Replies are played without a gap at the rates of usual machines: tokens, synthesis and playback in simulated time."""

import re
from collections.abc import AsyncGenerator

import pytest

from assistant.pipeline.clauses import clauses

LETTERS = 15
"""Letters that a voice says in a second, measured with Piper at its own pace."""
OVERHEAD = 0.02
"""Seconds that each synthesis costs beyond the sound it makes."""
INAUDIBLE = 0.05
"""Seconds of a gap between clauses that nobody tells from the pause that the voice makes there."""

REPLIES = (
    "Sure, the lamp in the living room is on now. It was off before, as you asked me an hour ago. Is there anything "
    "else that I can do for you?",
    "It is 21 degrees and partly cloudy in Berlin right now. Tonight it will cool down to about 12 degrees, with a "
    "light wind from the west and a small chance of rain after midnight. Tomorrow will be warmer, up to 25 degrees, "
    "and mostly sunny in the afternoon.",
    "Yes. Photosynthesis is the process by which green plants, algae and some bacteria turn light energy into chemical "
    "energy that is stored in sugars. It takes place in the chloroplasts of the cells, where chlorophyll absorbs "
    "sunlight and uses it to split water into hydrogen and oxygen. The oxygen is released into the air, while the "
    "hydrogen combines with carbon dioxide to form glucose.",
    "You need three things for pancakes:\n- 200 g of flour\n- 2 eggs\n- a pinch of salt, and some milk\n\nMix them "
    "well, let the batter rest for half an hour, and bake it in a hot pan with a little butter.",
    "Okay! I have set a timer for ten minutes. I will tell you when it is over, and you can stop it at any time by "
    "saying so. Do you want me to set another one for the potatoes, which take about twenty minutes?",
)


async def gaps(reply: str, tokens: float, factor: float) -> list[float]:
    """Return the silences in seconds within a reply that is written at *tokens* a second and synthesised one clause
    after the other at *factor* times the duration of the sound (the real-time factor)."""
    now = 0.0

    async def deltas() -> AsyncGenerator[str, None]:
        nonlocal now
        for count, token in enumerate(re.findall(r"\s?\S{1,5}|\s", reply)):
            now = count / tokens
            yield token

    silences: list[float] = []
    made = played = 0.0
    async for clause in clauses(deltas()):
        sound = len(clause.spoken) / LETTERS
        made = max(now, made) + OVERHEAD + factor * sound
        if played:
            silences.append(max(0.0, made - played))
        played = max(made, played) + sound
    return [silence for silence in silences if silence > INAUDIBLE]


@pytest.mark.parametrize(
    ("tokens", "factor"),
    [
        *((tokens, factor) for tokens in (10, 20, 65, 150) for factor in (0.05, 0.1, 0.3)),
        *((tokens, 0.5) for tokens in (15, 20, 65, 150)),  # a Raspberry Pi's voice, with a chat model elsewhere
        (8, 0.1),
    ],
)
@pytest.mark.parametrize("reply", REPLIES, ids=[reply[:20] for reply in REPLIES])
async def test_no_gap_is_heard(reply: str, tokens: float, factor: float) -> None:
    assert await gaps(reply, tokens, factor) == []


@pytest.mark.parametrize(("tokens", "factor"), [(10, 1.3), (2, 0.1)], ids=["slow voice", "slow model"])
async def test_what_is_slower_than_speech_has_gaps_and_they_are_seen(tokens: float, factor: float) -> None:
    assert sum(await gaps(REPLIES[1], tokens, factor)) > 1
