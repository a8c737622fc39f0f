"""Run a long command as one line: what it does, how far it is, how long it took. Its own output goes to a log.

On a terminal the line is redrawn every second; elsewhere one is printed now and then.
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent / "build" / "logs"

_STEP = re.compile(r"\s*\[(\d+)/(\d+)\] ")  # ninja
_DETAIL = re.compile(r"\s*((?:Downloading|Unpacking|Setting up|Building wheel for) \S+)")  # pip and apt-get


def detail(line: str) -> str | None:
    """Return what a line of the command's output says of how far it is; None if nothing."""
    if match := _STEP.match(line):
        return f"{100 * int(match[1]) // int(match[2])} %"
    if match := _DETAIL.match(line):
        return match[1].rpartition("/")[2]
    return None


class _Line:
    """The line that shows how far the command is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.terminal = sys.stdout.isatty()
        self.start = time.monotonic()

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self.start)

    def draw(self) -> None:
        text = f"{self.title} ... {self.seconds} s {self.detail}".rstrip()
        if self.terminal:
            print(f"\r\x1b[K{text[: os.get_terminal_size().columns - 1]}", end="", flush=True)
        else:
            print(text, flush=True)

    def end(self, how: str) -> None:
        print("\r\x1b[K" * self.terminal + f"{self.title}: {how} ({self.seconds} s).", flush=True)


def run(title: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Run `command`; where it fails, print the end of its output and exit with its code.

    `env` holds variables to add to the environment.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / (re.sub(r"\W+", "-", title.lower()).strip("-") + ".log")
    last_lines: collections.deque[str] = collections.deque(maxlen=40)
    line = _Line(title)

    with (
        log.open("w") as file,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(env or {})},
        ) as process,
    ):

        def read() -> None:
            assert process.stdout is not None
            for text in process.stdout:
                file.write(text)
                last_lines.append(text)
                line.detail = detail(text) or line.detail

        reader = threading.Thread(target=read)
        reader.start()
        try:
            while reader.is_alive():
                line.draw()
                reader.join(1 if line.terminal else 20)
        except KeyboardInterrupt:
            process.terminate()
            line.end("stopped")
            sys.exit(130)

    if process.returncode:
        line.end("failed")
        print("".join(last_lines) + f"All of its output: {log}", file=sys.stderr)
        sys.exit(process.returncode)
    line.end("done")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("title")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    run(arguments.title, arguments.command)
