"""The process that `asking.py` starts: `gpus`, or `build ENGINE [CONFIG]`. Its last line is the answer, as JSON."""

import sys
from pathlib import Path

import msgspec

__all__ = ["main"]


def main(what: str, engine: str = "", config: str = "") -> None:
    """Print the answer."""
    if what == "gpus":
        from assistant.hardware.gpus import gpus

        answer: object = gpus()
    else:
        from assistant.assembly import find_plugins
        from assistant.config import load

        build = find_plugins(load(Path(config) if config else None)).engines[engine].build
        answer = build() if build else None
    sys.stdout.write("\n" + msgspec.json.encode(answer).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
