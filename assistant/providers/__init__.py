"""Other servers of models: what a plugin offers for them, their models in the pool, and watching for them.

A server that is asleep delays nothing. Models that the configuration names are there from the start, and fail when they
are asked; what a server lists besides comes when it answers.
"""

from assistant.providers.answer import BoundedAnswer
from assistant.providers.config import ProviderConfig
from assistant.providers.faults import ProviderFaults
from assistant.providers.guess import guessed_model
from assistant.providers.placing import remote_embed
from assistant.providers.retry import retried
from assistant.providers.spec import ProvidedModel, Provider, ProviderSpec, PullProgress
from assistant.providers.thoughts import Thoughts
from assistant.providers.trust import system_trust

__all__ = [
    "BoundedAnswer",
    "ProvidedModel",
    "Provider",
    "ProviderConfig",
    "ProviderFaults",
    "ProviderSpec",
    "PullProgress",
    "Thoughts",
    "guessed_model",
    "remote_embed",
    "retried",
    "system_trust",
]
