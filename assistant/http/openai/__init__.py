"""The door that OpenAI's clients know: `/v1/…`, and the same below the name of a model.

Reference: https://platform.openai.com/docs/api-reference
"""

from assistant.http.naming import under_names
from assistant.http.openai.chat import ChatDoor
from assistant.http.openai.completions import CompletionsDoor
from assistant.http.openai.ears import Ears
from assistant.http.openai.embeddings import EmbeddingsDoor
from assistant.http.openai.eyes import Eyes
from assistant.http.openai.models import ModelsDoor
from assistant.http.openai.mouth import Mouth
from assistant.http.openai.responses import ResponsesDoor
from assistant.http.route import Route
from assistant.serving import Embedding, Generation

__all__ = ["Ears", "Eyes", "Mouth", "routes"]


def routes(generation: Generation, embedding: Embedding, ears: Ears, eyes: Eyes, mouth: Mouth) -> list[Route]:
    """Return the routes for text."""
    direct = [
        *ModelsDoor(generation.names).routes(),
        *ChatDoor(generation, ears, eyes, mouth).routes(),
        *CompletionsDoor(generation).routes(),
        *ResponsesDoor(generation, ears, eyes).routes(),
        *EmbeddingsDoor(embedding).routes(),
    ]
    return [*direct, *under_names(direct)]
