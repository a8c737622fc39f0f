"""`assistant service`: install the daemon as a service of systemd, take it away, see how it does."""

import os
from pathlib import Path

import click
import msgspec

from assistant.cli.output import json_option, show_json, show_table
from assistant.errors import ServiceError
from assistant.service.environment import python_for
from assistant.service.machine import Kind, Machine, choose, look
from assistant.service.places import SYSTEM_UNIT, user_unit
from assistant.service.plan import Plan
from assistant.service.status import statuses
from assistant.service.system import system_install, system_uninstall
from assistant.service.user import user_install, user_uninstall

__all__ = ["service"]

_INACTIVE = 3
"""Exit code of `status` where no service runs, as systemctl has it."""

_whose = click.option("--system", "asked", flag_value="system", help="A service of the machine.")
_mine = click.option("--user", "asked", flag_value="user", help="A service of your own.")
_dry = click.option("--dry-run", is_flag=True, help="Show what would be done, with every file in full; do nothing.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def service() -> None:
    """Run the daemon as a service: install it, take it away, see how it does."""


@service.command()
@_whose
@_mine
@_dry
@_yes
@click.option("--linger/--no-linger", default=None, help="Let a service of your own run without a login.")
@click.option("--models/--no-models", default=True, help="Fetch the models of the system service.")
@click.option("--python", type=click.Path(path_type=Path), help="Python for the system service's environment.")
def install(
    asked: str | None, dry_run: bool, yes: bool, linger: bool | None, models: bool, python: Path | None
) -> None:
    """Install a service that starts by itself, and start it; a second call brings it up to date."""
    machine = look()
    kind, why = choose(machine, Kind(asked) if asked else None)
    click.echo(f"systemd {machine.systemd}; {kind} service: {why}")
    if kind is Kind.SYSTEM:
        plan = system_install(machine, python_for(python), models=models)
    else:
        plan = user_install(machine, linger=_wants_linger(machine, linger, ask=not (yes or dry_run)))
    _carry_out(plan, dry_run, yes)


@service.command()
@_whose
@_mine
@_dry
@_yes
@click.option("--purge", is_flag=True, help="Remove the system service's configuration, models and state too.")
def uninstall(asked: str | None, dry_run: bool, yes: bool, purge: bool) -> None:
    """Take the service away; configuration, models and state stay."""
    kind = Kind(asked) if asked else Kind.SYSTEM if SYSTEM_UNIT.exists() or not user_unit().exists() else Kind.USER
    if kind is Kind.SYSTEM and os.geteuid():
        raise ServiceError("only root can take the system service away", hint="call it by sudo")
    _carry_out(system_uninstall(purge=purge) if kind is Kind.SYSTEM else user_uninstall(), dry_run, yes)


@service.command()
@json_option
def status(as_json: bool) -> int:
    """Print how the services do that are installed here; exits with 3 where none runs."""
    found = statuses()
    if as_json:
        show_json([msgspec.to_builtins(each) for each in found])
    elif found:
        show_table(
            ["service", "state", "at boot", "restarts", "says"],
            [[each.kind, each.active, each.boot, str(each.restarts), each.says or each.result] for each in found],
        )
    else:
        click.echo("no service is installed; `assistant service install` does it")
    return 0 if any(each.active.startswith("active") for each in found) else _INACTIVE


def _wants_linger(machine: Machine, given: bool | None, *, ask: bool) -> bool:
    """Say whether a service of one's own shall run from boot on: on a box without a screen nobody logs in."""
    desktop = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if machine.lingers or desktop or given is not None:
        return bool(given)
    click.echo(
        "This session has no screen, and your services end when you log out. By lingering they run from boot on,\n"
        "with the sound server (loginctl enable-linger; `loginctl disable-linger` takes it back)."
    )
    return click.confirm("Let your services linger?", default=True) if ask else False


def _carry_out(plan: Plan, dry_run: bool, yes: bool) -> None:
    """Show a plan, ask, do it, and say what is to be known afterwards."""
    click.echo("It would:" if dry_run else "It is going to:")
    for step in plan.steps:
        click.echo(f"  {step.describe()}")
    if dry_run:
        for file in plan.files():
            click.echo(f"\n--- {file.path}\n{file.text}", nl=False)
        return
    if not yes:
        click.confirm("Go on?", default=True, abort=True)
    previous = os.umask(0o022)  # what is written is for everybody to read, whatever the one who asks keeps to
    try:
        for line in plan.apply():
            click.echo(line)
    finally:
        os.umask(previous)
    for note in plan.notes:
        click.echo(note)
