"""Tools of chat models: which are offered, what they may be given, who has to agree, and what is told of the result.

A model only asks. What it asks for is looked at in `calls`: whether the assistant and the person may have it, whether
the arguments are those of its schema, whether a person has to confirm it; and what it returns is data, never
instructions.
"""

from assistant.pipeline.tools.calls import Calls, Round
from assistant.pipeline.tools.limits import ROUNDS
from assistant.pipeline.tools.offer import Offer, offer

__all__ = ["ROUNDS", "Calls", "Offer", "Round", "offer"]
