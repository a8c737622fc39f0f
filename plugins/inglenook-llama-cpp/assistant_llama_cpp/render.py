"""The program that renders a model's chat template, in a process of its own.

A template comes with the model file, so it is somebody else's program. It runs in Jinja's sandbox, which keeps it from
attributes it has no business with, and in this process, which can be killed: a render may take one second of processor
time and 512 MiB of memory, and write one megabyte. One JSON object a line in (first the template), one a line out.
"""

import contextlib
import json
import resource
import signal
import sys
from typing import Any, NoReturn

from jinja2 import TemplateError, meta
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 1.0
"""Processor time of one render."""
MEMORY = 512 << 20
"""Bytes that the process may map."""
LENGTH = 1_000_000
"""Characters that a render may write."""


class TooLong(Exception):
    """The template wrote more than it may."""


def _refuse(message: object) -> NoReturn:
    raise TemplateError(str(message))


def _json(value: Any, indent: int | None = None, **options: Any) -> str:
    """Write JSON as templates expect: without HTML's escapes, which Jinja's own filter adds."""
    return json.dumps(value, ensure_ascii=False, indent=indent, **options)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _json
    # No strftime_now: a template that asks for the date would change the prefix, and with it the cache, every day.
    environment.globals["raise_exception"] = _refuse
    return environment


def _answer(ask: dict[str, Any], environment: ImmutableSandboxedEnvironment, template: Any) -> tuple[Any, Any]:
    if "template" in ask:
        template = environment.from_string(ask["template"])
        names = meta.find_undeclared_variables(environment.parse(ask["template"]))
        return template, {"tools": "tools" in names}
    text, length = [], 0
    for piece in template.generate(ask):
        text.append(piece)
        length += len(piece)
        if length > LENGTH:
            raise TooLong(f"it wrote more than {LENGTH} characters")
    return template, {"text": "".join(text)}


def main() -> None:
    """Answer until the input ends."""
    with contextlib.suppress(ValueError, OSError):  # a system that has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    environment, template = _environment(), None
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends the process, even within one long operation
        try:
            template, answer = _answer(json.loads(line), environment, template)
        except MemoryError:
            answer = {"error": f"it needs more than {MEMORY >> 20} MiB of memory"}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
