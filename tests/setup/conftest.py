"""A home and a sound card for `assistant setup`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.soundcard import SoundCard, sound_card
from tests.e2e.conftest import real_home

__all__ = ["card", "real_home"]


@pytest.fixture
async def card(real_home: Path) -> AsyncIterator[SoundCard]:
    """A sound card made of nothing."""
    async with sound_card() as card:
        yield card
