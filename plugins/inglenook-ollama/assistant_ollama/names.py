"""What a model is by its name."""

import re
from dataclasses import replace

from assistant import ProvidedModel, Provider, guessed_model
from assistant_ollama.options import options_of

__all__ = ["described"]

_CLOUD = re.compile(r":cloud$|:[^/:]*-cloud$", re.IGNORECASE)
"""Names of models that Ollama's own service runs, as `internal/modelref` of Ollama tells them."""


def described(provider: Provider, name: str) -> ProvidedModel:
    """Say what a model is by its name."""
    model = guessed_model(name)
    options = options_of(provider)
    can = replace(
        model.capabilities, parallel=options.parallel, context=options.context or 0, local=not _CLOUD.search(name)
    )
    return replace(model, capabilities=can)
