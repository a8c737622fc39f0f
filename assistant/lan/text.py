"""Text that strangers on the network wrote, made fit for a terminal and a log."""

import unicodedata

__all__ = ["clean"]


def clean(text: str, length: int) -> str:
    """Return *text* on one line, at most *length* characters, without what could steer a terminal or mislead a reader.

    Control characters, which move the cursor, and format characters, which turn the direction of writing, become `�`.
    """
    shown = "".join("\ufffd" if _is_harmful(character) else character for character in text[: length + 1])
    return f"{shown[: length - 1]}…" if len(shown) > length else shown


def _is_harmful(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
