"""Pictures as values."""

from dataclasses import dataclass

__all__ = ["Image"]


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded picture."""

    data: bytes
    """The file's bytes, still encoded."""
    mime_type: str
    """How `data` is encoded, e.g. `image/png`."""
