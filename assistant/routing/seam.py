"""Where one model stops in mid-reply and the next goes on: no word twice, none lost."""

import re
from dataclasses import replace

from assistant.chat import ChatMessage, ChatRequest

__all__ = ["Seam", "can_go_on", "going_on"]

_GO_ON = "Go on with your last message exactly where it ends. Write only what comes next, and repeat nothing of it."
"""What a model is asked that would begin a message of its own."""
_WIDE = r"\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"
_BLANKS = re.compile(r"\s*$")
_WORD = re.compile(rf"\s*[^\s{_WIDE}]*$")
"""The end of a text that may be half a word; of scripts without blanks every sign is whole."""
_LONGEST = 32
"""Characters from which a word is passed on in parts."""
_REPEATED = 12
"""Characters from which a model that goes on by itself has begun anew, and does not happen to write the same again."""
_NO_BLANK_BEFORE = re.compile(rf"[\s.,;:!?…)\]}}%’”»{_WIDE}]|$")


def can_go_on(request: ChatRequest) -> bool:
    """Tell whether another model can go on in the middle of the reply: of mere text it can.

    The beginning of a form (a schema, a grammar, a call) ties the rest of it to the model that is held to it.
    """
    held = request.schema is not None or request.grammar is not None or request.logprobs is not None
    return not held and request.tool_choice in ("auto", "none")


def going_on(request: ChatRequest, said: str, *, continues: bool) -> ChatRequest:
    """Return the request that has a model go on after *said*; *continues* says that it does so by itself."""
    if not said:
        return request
    messages = (*request.messages, ChatMessage.of("assistant", said))
    if not continues:
        messages = (*messages, ChatMessage.of("user", _GO_ON))
    return replace(request, messages=messages)


class Seam:
    """Pass on what a model writes after *said*, without what it repeats of it.

    With *whole* the last word is held until its end is there, so that a model that begins a message of its own can go
    on wherever this one stops: in the middle of a word none does. *continues* says that this one goes on by itself.
    """

    def __init__(self, said: str = "", *, continues: bool = True, whole: bool = False) -> None:
        self._said = said.rstrip()
        self._continues = continues
        self._starts = self._where_a_repetition_may_begin()
        self._open = _WORD if whole else _BLANKS
        self._joined = not self._said
        self._held = ""

    def push(self, text: str) -> str:
        """Take the next text, and return what is to be passed on by now."""
        self._held += text
        if not self._joined:
            if self._may_repeat(self._held.lstrip()):
                return ""
            self._join()
        end = self._open.search(self._held[-_LONGEST:])
        assert end is not None
        cut = len(self._held) - len(end[0]) if len(end[0]) < _LONGEST else len(self._held)
        passed, self._held = self._held[:cut], self._held[cut:]
        return passed

    def close(self) -> str:
        """Return what is held: the reply is at its end."""
        if not self._joined:
            self._join()
        return self._held

    def _may_repeat(self, text: str) -> bool:
        """Tell whether *text* may be a repetition, of which more may come."""
        return any(self._said.startswith(text, start) for start in self._starts)

    def _join(self) -> None:
        """Leave out what is repeated: the longest end of what was said, from the start of a word on."""
        self._joined = True
        text = self._held.lstrip()
        for start in self._starts:
            if len(self._said) - start > len(text):
                continue
            end = self._said[start:]
            rest = text[len(end) :]
            if text.startswith(end) and not (rest[:1].isalnum() and end[-1].isalnum()):
                self._held = rest
                return
        if not (self._continues or _NO_BLANK_BEFORE.match(self._held)):
            self._held = f" {self._held}"

    def _where_a_repetition_may_begin(self) -> list[int]:
        """Return the places of words; one that goes on by itself can only begin anew."""
        if self._continues:
            return [0] if len(self._said) >= _REPEATED else []
        return [match.start() for match in re.finditer(r"\S+", self._said)]
