"""What commands that work without the daemon tell the audit log."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from assistant.access.audit import Audit, Event, Field
from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.cli import Settings

__all__ = ["tell_audit"]


def tell_audit(settings: "Settings", event: Event, **fields: Field) -> None:
    """Tell the audit log of something, if there is one: a command does its work all the same."""
    from assistant.state import State, state_file

    async def tell() -> None:
        async with State(state_file()) as state:
            Audit(state.audit).record(event, **fields)

    with suppress(AssistantError):
        if state_file().is_file() and settings.load().config.audit.seconds:
            asyncio.run(tell())
