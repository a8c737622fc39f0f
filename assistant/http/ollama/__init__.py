"""The door for programs that speak to Ollama: its API, over the models of this house.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md, and what its Python package and Home Assistant read.
"""

from assistant.http.ollama import chatting, embedding, files, listing
from assistant.http.route import Route
from assistant.models.store import Store
from assistant.serving import Embedding, Generation

__all__ = ["routes"]


def routes(generation: Generation, vectors: Embedding, store: Store) -> list[Route]:
    """Return the routes."""
    return [
        *listing.routes(generation),
        *chatting.routes(generation),
        *embedding.routes(vectors),
        *files.routes(generation, store),
    ]
