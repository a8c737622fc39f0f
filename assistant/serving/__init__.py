"""Models for programs: whose name means which model, and work that waits its turn. The doors ask here."""

from assistant.serving.cache import Cache
from assistant.serving.embedding import Embedding
from assistant.serving.generation import Answer, Generation, Like
from assistant.serving.hearing import Heard, Hearing
from assistant.serving.likeness import Likeness
from assistant.serving.names import Named, Names
from assistant.serving.sounds import SPOKEN, Encoding, Sounds
from assistant.serving.speaking import Speaking

__all__ = [
    "SPOKEN",
    "Answer",
    "Cache",
    "Embedding",
    "Encoding",
    "Generation",
    "Heard",
    "Hearing",
    "Like",
    "Likeness",
    "Named",
    "Names",
    "Sounds",
    "Speaking",
]
