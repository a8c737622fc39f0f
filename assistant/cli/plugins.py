"""`assistant plugins`: what is installed, and pip into the environment that runs."""

import re
import subprocess
import sys
from importlib.metadata import entry_points

import click

from assistant.assembly import find_plugins
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.errors import PluginError
from assistant.hookspecs import NAME
from assistant.plugins import Plugin

__all__ = ["plugins"]


@click.group()
def plugins() -> None:
    """List, install and remove plugins."""


@plugins.command(name="list")
@json_option
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Print every plugin that was found, its engines, and why it is not in use where it is not."""
    loaded = find_plugins(settings.load())
    found = list(loaded)
    if as_json:
        show_json(
            [
                {
                    "name": plugin.name,
                    "origin": plugin.origin,
                    "engines": {
                        name: str(loaded.engines[name].kind) for name in plugin.engines if name in loaded.engines
                    },
                    "state": _state(plugin),
                    "reason": str(plugin.failure or ""),
                }
                for plugin in found
            ]
        )
        return
    show_table(
        ["plugin", "from", "state", "engines"],
        [[p.name, p.origin, _state(p), str(p.failure or ", ".join(p.engines))] for p in found],
    )


def _state(plugin: Plugin) -> str:
    return "off" if plugin.disabled else "set aside" if plugin.failure else "in use"


@plugins.command()
@click.argument("packages", nargs=-1, required=True)
def install(packages: tuple[str, ...]) -> None:
    """Install PACKAGES (names, folders or files) by pip; they are in use at the next start."""
    _pip("install", *packages)
    click.echo("installed; a running daemon uses it after its next start")


@plugins.command()
@click.argument("packages", nargs=-1, required=True)
def remove(packages: tuple[str, ...]) -> None:
    """Uninstall PACKAGES, which must be plugins, by pip."""
    ours = {_canonical(entry.dist.name) for entry in entry_points(group=NAME) if entry.dist}
    for package in packages:
        if _canonical(package) not in ours:
            known = ", ".join(sorted(ours)) or "none"
            raise PluginError(f"{package} is no plugin that is installed", hint=f"installed: {known}")
    _pip("uninstall", "--yes", *packages)


def _canonical(name: str) -> str:
    """Return a distribution's name as the Python packaging specification compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip(*arguments: str) -> None:
    """Run pip in the environment of this very Python; raises PluginError where it fails."""
    for package in arguments:
        if package.startswith("-") and package != "--yes":
            raise PluginError(f"{package} is no package", hint="pip's own options are not passed on; call pip for them")
    done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], check=False)
    if done.returncode:
        raise PluginError(f"pip {arguments[0]} failed with code {done.returncode}", hint="pip's own message is above")
