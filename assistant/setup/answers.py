"""What the flags of `assistant setup` say; what they leave open is asked for."""

from dataclasses import dataclass

__all__ = ["Answers", "unanswered"]


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that were given beforehand; None where a person is to be asked."""

    language: str | None = None
    """BCP-47 tag."""
    microphone: str | None = None
    """Name of a device, or a part of it."""
    speaker: str | None = None
    """Name of a device, or a part of it."""
    wake: tuple[str, ...] | None = None
    """Wake words, as the wake models name them."""
    goal: str | None = None
    """What the models are chosen for."""
    voice: str | None = None
    """Id or file of a voice."""
    chat: str | None = None
    """Id or file of a chat model."""
    servers: bool | None = None
    """Whether to use the servers of models on this machine."""
    home_assistant: bool | None = None
    """Whether to look for Home Assistant on the local network."""
    service: bool | None = None
    """Whether to install the service."""
    turn: bool | None = None
    """Whether to take a first turn at the end."""


_NEEDED = ("language", "microphone", "speaker", "wake", "goal", "service")
"""Questions that somebody must answer; the others have an answer that suits whoever says nothing."""


def unanswered(answers: Answers) -> list[str]:
    """Return the flags that are missing where nobody can be asked."""
    flags = {"service": "--service or --no-service"}
    return [flags.get(name, f"--{name}") for name in _NEEDED if getattr(answers, name) is None]
