"""Who answers: the rungs below the chat models, from the surest to the least sure.

1. What was asked back is answered (`confirming.py`, `asking.py`).
2. What is said to the device itself, word for word, needs no engine (`commands`).
3. A sentence that an intent engine understands, whole, goes to the skill of its intent (`exact.py`); so does one that
   corrects the last (`correcting.py`). One that asks for two opposites is asked about (`contradiction.py`); one that
   asks for several things is done part by part (`several.py`).
4. A sentence that was learnt to mean one that is understood, or is near to one, which is asked about (`paraphrase.py`).

What no rung understands is left to a chat model: to the first of the assistant's that can take it, or to the biggest
where somebody asks for that (`harder.py`). Without one, it is said that nothing was understood (`puzzled.py`).
"""

from assistant.pipeline.ladder.harder import without_call_for_more
from assistant.pipeline.ladder.plan import Plan, carried_out
from assistant.pipeline.ladder.puzzled import puzzled
from assistant.pipeline.ladder.rungs import understood

__all__ = ["Plan", "carried_out", "puzzled", "understood", "without_call_for_more"]
