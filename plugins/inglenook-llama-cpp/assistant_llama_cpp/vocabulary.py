"""Text to tokens and back. llama.cpp only reads here, so any thread may."""

import ctypes
import re

import llama_cpp
from llguidance import LLTokenizer

__all__ = ["Vocabulary"]


class Vocabulary:
    """The vocabulary of a loaded model. *shown* are control tokens whose text is part of a reply nevertheless."""

    def __init__(self, model: ctypes.c_void_p, shown: tuple[str, ...] = ()) -> None:
        self.pointer = llama_cpp.llama_model_get_vocab(model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.pointer)
        controls = {n: self._text(n) for n in range(self.size) if llama_cpp.llama_vocab_is_control(self.pointer, n)}
        self._hidden = {n: text.encode() for n, text in controls.items() if text not in shown}
        self._shown = {n: text.encode() for n, text in controls.items() if text in shown}
        self._pieces: dict[int, bytes] = {}
        hidden = sorted(text for text in controls.values() if text and text not in shown)
        self.control = re.compile("|".join(map(re.escape, hidden)) or r"(?!)")
        """Matches the text of any control token that is not shown."""
        self.bos = self._special(llama_cpp.llama_vocab_bos(self.pointer))
        """Text of the token that a prompt starts with; may be empty."""
        self.eos = self._special(llama_cpp.llama_vocab_eos(self.pointer))
        """Text of the token that a text ends with; may be empty."""
        self._add_bos = llama_cpp.llama_vocab_get_add_bos(self.pointer)

    def prompt(self, text: str) -> list[int]:
        """Return the tokens of a rendered prompt, control tokens recognised, with the start token if it needs one."""
        tokens = self.tokens(text, control=True)
        if self.needs_start(text):
            tokens.insert(0, llama_cpp.llama_vocab_bos(self.pointer))
        return tokens

    def needs_start(self, text: str) -> bool:
        """Return whether a rendered prompt lacks the start token that the model was trained with."""
        return bool(self._add_bos) and not (self.bos and text.startswith(self.bos))

    def tokens(self, text: str, control: bool = False, framed: bool = False) -> list[int]:
        """Return the tokens of *text*; texts of control tokens become these only if *control*.

        If *framed*, they stand between those that the model was trained to see around a text.
        """
        data = text.encode("utf-8", "replace")
        room = len(data) + 2
        while True:
            buffer = (llama_cpp.llama_token * room)()
            count = llama_cpp.llama_tokenize(self.pointer, data, len(data), buffer, room, framed, control)
            if count >= 0:
                return list(buffer[:count])
            room = -count

    def piece(self, token: int) -> bytes:
        """Return the bytes of *token*, maybe a part of a character; none for control tokens."""
        if (piece := self._pieces.get(token)) is None:
            piece = self._pieces[token] = self._shown.get(token) or self._piece(token)
        return piece

    def ends_reply(self, token: int) -> bool:
        """Return whether *token* says that the reply is complete."""
        return bool(llama_cpp.llama_vocab_is_eog(self.pointer, token))

    def llguidance(self) -> LLTokenizer:
        """Return the vocabulary as llguidance takes it: of control tokens, grammars admit what is shown, and an end."""
        tokens = [b"\xff" + self._hidden[n] if n in self._hidden else self.piece(n) for n in range(self.size)]
        tokenize = ctypes.cast(llama_cpp.llama_cpp._lib.llama_tokenize, ctypes.c_void_p).value
        ends = [n for n in range(self.size) if self.ends_reply(n)]
        made: LLTokenizer = LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]
            tokens=tokens, vocab_ptr=self.pointer, tokenize_fptr=tokenize, eos_token=ends, slices=[]
        )
        return made

    def _piece(self, token: int) -> bytes:
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = llama_cpp.llama_token_to_piece(self.pointer, token, buffer, room, 0, False)
            if size >= 0:
                return buffer.raw[:size]
            room = -size

    def _text(self, token: int) -> str:
        return (llama_cpp.llama_vocab_get_text(self.pointer, token) or b"").decode("utf-8", "replace")

    def _special(self, token: int) -> str:
        return self._text(token) if token >= 0 else ""
