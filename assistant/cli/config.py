"""`assistant config`: what is configured, and what can be."""

import json

import click
import msgspec
import yaml

from assistant.assembly import find_plugins
from assistant.cli import Settings
from assistant.cli.output import json_option, show_table
from assistant.config import Config
from assistant.config.describe import Option, options

__all__ = ["config"]

_SECRETS = ("key", "token", "password", "secret")
"""Ends of names of keys whose values are not shown."""
_SECRET_MAPPINGS = ("headers",)
"""Keys below which no value is shown."""


@click.group()
def config() -> None:
    """Show the configuration."""


@config.command()
@json_option
@click.pass_obj
def show(settings: Settings, as_json: bool) -> None:
    """Print what is in force: defaults, files and environment together, without secrets."""
    tree = _hidden(settings.load().layer.tree)
    click.echo(
        json.dumps(tree, indent=2, default=str)
        if as_json
        else yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).rstrip()
    )


@config.command()
@click.argument("engine", required=False)
@json_option
@click.pass_obj
def schema(settings: Settings, engine: str | None, as_json: bool) -> None:
    """Print every key with its type, default and meaning; those of an ENGINE where one is named."""
    struct: type[msgspec.Struct] = Config
    if engine:
        struct = find_plugins(settings.load()).engine(engine, "config schema").config
    if as_json:
        click.echo(json.dumps(msgspec.json.schema(struct), indent=2))
        return
    show_table(["key", "type", "default", "meaning"], [_row(option) for option in options(struct)])


def _row(option: Option) -> list[str]:
    return [option.key, option.type, option.default, option.text]


def _hidden(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        below = "secret" if key in _SECRET_MAPPINGS else ""
        return {name: _hidden(item, below or str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return "(hidden)" if value and key.lower().endswith(_SECRETS) else value
