from collections.abc import AsyncIterator

import pytest

from assistant.soundcard import SoundCard, sound_card


@pytest.fixture
async def card(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SoundCard]:
    """A sound card made of nothing; PortAudio starts within each test and so finds it."""
    async with sound_card() as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        yield card
