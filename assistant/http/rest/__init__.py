"""Plain doors for scripts and dashboards: what is here, loading and unloading, and work by a model's id."""

from assistant.http.rest.ensemble import EnsembleDoor
from assistant.http.rest.inference import InferenceDoor
from assistant.http.rest.models import ModelsDoor
from assistant.http.rest.orchestrated import OrchestratedDoor
from assistant.http.route import Route
from assistant.serving import Embedding, Generation
from assistant.serving.ensemble import Ensemble

__all__ = ["routes"]


def routes(generation: Generation, embedding: Embedding) -> list[Route]:
    """Return the routes."""
    return [
        *ModelsDoor(generation).routes(),
        *InferenceDoor(generation, embedding).routes(),
        *OrchestratedDoor(generation, embedding).routes(),
        *EnsembleDoor(Ensemble(generation, embedding)).routes(),
    ]
