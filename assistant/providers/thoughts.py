"""What a model thinks aloud before it answers, where its server does not tell it from the answer."""

__all__ = ["Thoughts"]

_OPEN, _CLOSE = "<think>", "</think>"
"""Marks that DeepSeek's, Qwen's and others' models are trained to set."""


class Thoughts:
    """Leave out what stands between `<think>` and `</think>` at the beginning of a reply."""

    def __init__(self) -> None:
        self._held = ""
        self._within = False
        self._over = False

    def push(self, piece: str, final: bool = False) -> str:
        """Return what of the reply is said; *final* lets go of what could have been a mark."""
        if self._over:
            return piece
        self._held += piece
        if not self._within:
            begun = self._held.lstrip()
            if not begun.startswith(_OPEN):
                if _OPEN.startswith(begun) and not final:
                    return ""
                return self._end(self._held)
            self._within, self._held = True, begun[len(_OPEN) :]
        thought, closed, said = self._held.partition(_CLOSE)
        if not closed:
            self._held = thought[-len(_CLOSE) :]
            return ""
        if not said.strip() and not final:
            self._held = _CLOSE  # the answer begins with its first word
            return ""
        return self._end(said.lstrip())

    def _end(self, said: str) -> str:
        self._over, self._held = True, ""
        return said
