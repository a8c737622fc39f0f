"""`/v1/realtime`: a live conversation by voice over a WebSocket, as OpenAI's clients speak it.

Reference: https://platform.openai.com/docs/api-reference/realtime, with the names of the beta as aliases.
"""

from assistant.http.naming import under_names
from assistant.http.realtime.door import RealtimeDoor
from assistant.http.route import Route
from assistant.pipeline.equipment import Equipment
from assistant.serving import Generation

__all__ = ["routes"]


def routes(equipment: Equipment, generation: Generation) -> list[Route]:
    """Return the routes."""
    direct = RealtimeDoor(equipment, generation).routes()
    return [*direct, *under_names(direct)]
