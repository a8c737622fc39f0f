"""The few sentences that are understood without a chat model: about the device itself.

`FixedPhrases` is an `Intent`: whatever else recognises these intents can take its place, for `acts` does the work.
"""

from assistant.pipeline.commands.carry_out import command_of, done

__all__ = ["command_of", "done"]
