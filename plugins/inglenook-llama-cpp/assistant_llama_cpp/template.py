"""A model's chat template, rendered by a child process that can be killed (see `render`)."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant import EngineError, ModelError, UnfitRequest

__all__ = ["ChatTemplate"]

_PROGRAM = Path(__file__).with_name("render.py")
_PATIENCE = 15.0
"""Seconds on the wall for an answer. The limit that counts is processor time; this one is for a stopped process."""
_LONGEST = 8_000_000
"""Bytes of an answer: the characters that `render` admits, escaped."""


class ChatTemplate:
    """Render conversations; for one thread at a time.

    `tools` says whether the template mentions them. Raises ModelError where *source* is no template.
    """

    def __init__(self, source: str, bos: str, eos: str) -> None:
        self._source = source
        self._marks = {"bos_token": bos, "eos_token": eos}
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.tools = bool(self._start().get("tools"))
        except EngineError as error:
            raise ModelError(
                f"the model's chat template cannot be used: {error}",
                hint="give another one as `template` in the model's configuration",
            ) from None

    def render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], reply: bool) -> str:
        """Return the prompt of *messages*, ready for the assistant's words if *reply*.

        Raises UnfitRequest where the template refuses them or takes too long over them, EngineError where its process
        is gone.
        """
        if self._process is None:
            self._start()
        ask = {"messages": messages, "add_generation_prompt": reply, "enable_thinking": False, **self._marks}
        if tools:
            ask["tools"] = tools
        return str(self._ask(ask)["text"])

    def close(self) -> None:
        """End the child process."""
        if process := self._process:
            self._process = None
            with process:  # closes the pipes and waits
                process.kill()

    def _start(self) -> dict[str, Any]:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._read(self._process)
        try:
            return self._ask({"template": self._source})
        except EngineError:
            self.close()
            raise

    def _ask(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process and process.stdin
        try:
            process.stdin.write(json.dumps(ask).encode() + b"\n")
            answer = self._read(process)
        except BrokenPipeError:
            self.close()
            raise EngineError("the process that renders the chat template is gone", hint="try again") from None
        if "error" in answer:
            raise UnfitRequest(
                f"the chat template refuses the conversation: {answer['error']}",
                hint="another model, or a `template` in its configuration, may take it",
            )
        return answer

    def _read(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        """Return the next line, or kill the process that does not give one."""
        assert process.stdout
        end, line = time.monotonic() + _PATIENCE, bytearray()
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(process.stdout.fileno(), 1 << 16) if readable else b""
            line += piece
            if not piece or len(line) > _LONGEST:
                self.close()
                raise UnfitRequest(
                    "the chat template was stopped: it takes more than a second or too much memory",
                    hint="shorten the conversation, or give a sound `template` in the model's configuration",
                )
        answer: dict[str, Any] = json.loads(line)
        return answer
