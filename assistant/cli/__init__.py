"""The command line: one file for each group of commands, imported when it is used."""

import importlib
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant import __version__
from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.config import Loaded

__all__ = ["Settings", "cli", "main"]

_COMMANDS = {
    "ask": "ask",
    "audit": "audit",
    "backup": "backup",
    "check": "check",
    "chime": "chime",
    "config": "config",
    "demo": "demo",
    "devices": "devices",
    "discover": "discover",
    "forget": "forget",
    "hardware": "hardware",
    "keys": "keys",
    "listen": "listen",
    "lists": "lists",
    "models": "models",
    "mute": "mute",
    "paraphrases": "paraphrases",
    "plugins": "plugins",
    "providers": "providers",
    "quiet": "quiet",
    "privacy": "privacy",
    "receipts": "receipts",
    "run": "run",
    "say": "say",
    "service": "service",
    "setup": "setup",
    "timers": "timers",
    "transcribe": "transcribe",
    "upgrade": "upgrade",
    "unmute": "unmute",
    "volume": "volume",
    "why-slow": "why_slow",
}
"""Commands, and the modules of this package that define them."""


_BUG = 70
"""Exit code of a failure that nobody expected: EX_SOFTWARE of sysexits.h."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options before the command say."""

    config: Path | None
    """File of the configuration; None for the usual one."""
    debug: bool
    """Whether to log everything and to show tracebacks."""

    def load(self) -> "Loaded":
        """Read the configuration; raises ConfigError."""
        from assistant.config import load

        return load(self.config)


class _Commands(click.Group):
    """Find commands here and, where there is none of that name, at the plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *(command.name for command in _of_plugins(ctx))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if module := _COMMANDS.get(cmd_name):
            command: click.Command = getattr(importlib.import_module(f"assistant.cli.{module}"), module)
            return command
        return next((command for command in _of_plugins(ctx) if command.name == cmd_name), None)


def _of_plugins(ctx: click.Context) -> list[Any]:
    """Return the plugins' commands; a configuration that cannot be read hides them and nothing else."""
    from assistant.assembly import find_plugins

    if __name__ not in ctx.meta:  # asked for once for each command that `--help` lists
        settings: Settings = ctx.obj or Settings(None, False)
        try:
            commands = find_plugins(settings.load()).commands()
        except AssistantError:
            commands = []
        ctx.meta[__name__] = [command for command in commands if command.name not in _COMMANDS]
    found: list[Any] = ctx.meta[__name__]
    return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", type=click.Path(path_type=Path), help="File of the configuration.")
@click.option("--debug", is_flag=True, help="Log everything; show tracebacks.")
@click.version_option(__version__, prog_name="assistant")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, debug: bool) -> None:
    """A private voice assistant that hears, thinks and answers on this machine."""
    ctx.obj = Settings(config, debug)
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    logging.captureWarnings(True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an error is two lines: what failed and where, and what to do."""
    try:
        code = cli.main(arguments, prog_name="assistant", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 141
    except Exception as error:
        if "--debug" in (sys.argv if arguments is None else arguments):
            raise
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: BaseException) -> int:
    """Say in two lines what failed and what to do; return the exit code."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, AssistantError):
        message, hint, code = str(error), error.hint, error.exit_code
    else:
        message, hint, code = f"{type(error).__name__}: {error}", "this is a bug; --debug shows where", _BUG
    click.echo(f"assistant: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
    return code
