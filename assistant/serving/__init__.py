"""Models for programs: whose name means which model, and work that waits its turn. The doors ask here."""

from assistant.serving.embedding import Embedding
from assistant.serving.generation import Generation
from assistant.serving.names import Named, Names

__all__ = ["Embedding", "Generation", "Named", "Names"]
