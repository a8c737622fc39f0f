"""What came of an act, thing by thing."""

from dataclasses import dataclass
from typing import Literal

from assistant.entities import Act, Entity

__all__ = ["Outcome", "Result"]

Result = Literal["done", "begun", "already", "silent", "refused", "unavailable", "unreachable", "unseen"]
"""`done`: its state is what was wanted. `begun`: it is on its way, as covers are. `already`: it was so before, and
nothing was sent. `silent`: it was told, and did not become so in time. `refused`: it was told, an error came back, and
it did not become so. `unavailable`: its hub says that it is not there. `unreachable`: its hub is not. `unseen`: it was
told, and nothing in its state shows whether it obeyed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is true of one thing after an act."""

    act: Act
    """What was to be done to it."""
    entity: Entity
    """The thing as it was read last."""
    result: Result
    """What came of it."""
    before: Entity | None = None
    """The thing as it was; None where it could not be read, or there is none of that name any more."""

    @property
    def well(self) -> bool:
        """Tell whether it is as it was wanted, or will be."""
        return self.result in ("done", "begun", "already")
