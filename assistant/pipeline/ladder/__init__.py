"""Who answers: the rungs below the chat models, from the surest to the least sure.

1. What was asked back is answered (`asking.py`).
2. What is said to the device itself, word for word, needs no engine (`commands`).
3. A sentence that an intent engine understands, whole, goes to the skill of its intent (`exact.py`).

What no rung understands is left to a chat model.
"""

from assistant.pipeline.ladder.plan import Plan, carried_out
from assistant.pipeline.ladder.rungs import understood

__all__ = ["Plan", "carried_out", "understood"]
