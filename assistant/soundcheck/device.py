"""A microphone or a speaker, as engines list them."""

from dataclasses import dataclass

__all__ = ["Device"]


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone or speaker, as its engine lists it. The engine's optional method `devices()` returns these."""

    name: str
    """What `device:` in the configuration may say; a part of it that is not ambiguous will do."""
    default: bool
    """Whether `device: default` means this one."""
    inputs: int
    """Channels it can record; 0 where it is no microphone."""
    outputs: int
    """Channels it can play; 0 where it is no speaker."""
    rate: int
    """The rate it prefers, in hertz."""
