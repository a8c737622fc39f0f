"""The few sentences that are understood without a chat model: about the device itself.

`FixedPhrases` is an `Intent`: whatever else recognises these intents can take its place, for `acts` does the work.
"""

from assistant.pipeline.commands.carry_out import Command, carried_out, command_of

__all__ = ["Command", "carried_out", "command_of"]
