"""A person at a terminal of 80 columns: tmux."""

import asyncio
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Terminal", "terminal"]

_PATIENCE = 90.0


@dataclass
class Terminal:
    """A window in which a program runs."""

    name: str
    """Of the tmux server, which is this terminal's own."""

    def tmux(self, *arguments: str) -> str:
        """Run a command of tmux and return what it prints."""
        command = ["tmux", "-L", self.name, "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout

    @property
    def text(self) -> str:
        """Return all that was printed so far."""
        return self.tmux("capture-pane", "-p", "-S", "-")

    def type(self, text: str = "") -> None:
        """Type *text*, and Enter."""
        self.tmux("send-keys", "-l", text) if text else None
        self.tmux("send-keys", "Enter")

    async def shows(self, text: str, times: int = 1) -> str:
        """Wait until *text* was printed so often; return all that was printed."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while (printed := self.text).count(text) < times:
                    assert "EXIT" not in printed, f"it ended before {text!r}:\n{printed}"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{text!r} does not appear:\n{self.text}") from None
        return printed


@contextmanager
def terminal(command: list[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Run *command* in a terminal of 80 columns and 24 lines; it prints EXIT and its status at the end."""
    made = Terminal(f"inglenook-{uuid.uuid4().hex[:8]}")
    variables = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
    script = f"{shlex.join(command)}; echo EXIT $?; sleep 600"
    made.tmux("new-session", "-d", "-x", "80", "-y", "24", *variables, "sh", "-c", script)
    try:
        yield made
    finally:
        made.tmux("kill-server")
