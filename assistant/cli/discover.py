"""`assistant discover`: assistants and other services on the local network."""

import asyncio
import json
import time
from dataclasses import asdict
from typing import Any

import click

from assistant.cli.output import json_option, show_json, show_table
from assistant.lan.identity import instance_id
from assistant.lan.neighbours import MOST, Neighbour, Neighbours, Sighting

__all__ = ["discover"]


@click.command()
@click.option("--watch", is_flag=True, help="Go on, and print each change, until Ctrl-C.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=3.0, show_default=True, help="Seconds to look.")
@json_option
def discover(watch: bool, timeout: float, as_json: bool) -> None:
    """Look on the local network for assistants, Wyoming services, ESPHome devices, Home Assistant and Ollama.

    What is listed says so itself, and anybody on the network can say anything: it is a list of names, not of friends.
    """
    table = Neighbours()
    tell = (_print_json if as_json else _print) if watch else _keep_quiet
    asyncio.run(_look(table, tell, None if watch else timeout))
    found = sorted(table, key=lambda neighbour: (neighbour.kind, neighbour.name))
    if as_json:
        show_json([_as_json(neighbour) for neighbour in found])
    elif found:
        show_table(["what", "name", "address", "note"], [_row(neighbour) for neighbour in found])
    else:
        click.echo("nothing is advertised on the local network")
    if table.left_out:
        click.echo(f"more than {MOST} of one kind: {table.left_out} adverts were left out", err=True)


async def _look(table: Neighbours, tell: Any, seconds: float | None) -> None:
    from assistant.lan.browse import browse  # zeroconf takes a while to import

    try:
        async with asyncio.timeout(seconds):
            await browse(table, tell)
    except TimeoutError:
        pass


def _as_json(neighbour: Neighbour) -> dict[str, Any]:
    return asdict(neighbour) | {"here": _is_here(neighbour)}


def _row(neighbour: Neighbour) -> list[str]:
    return [neighbour.kind, neighbour.name, _where(neighbour), _note(neighbour)]


def _where(neighbour: Neighbour) -> str:
    """Return the first of its addresses; `--json` has all."""
    if not neighbour.addresses:
        return ""
    address = neighbour.addresses[0]
    return f"[{address}]:{neighbour.port}" if ":" in address else f"{address}:{neighbour.port}"


def _note(neighbour: Neighbour) -> str:
    properties = neighbour.properties
    known = [f"{key} {properties[key]}" for key in ("version", "kinds") if properties.get(key)]
    known += ["TLS"] if properties.get("tls") == "1" else []
    here = ["this machine"] if _is_here(neighbour) else []
    doubt = [f"doubtful: {neighbour.doubt}"] if neighbour.doubt else []
    return "; ".join(doubt + here + known)


def _is_here(neighbour: Neighbour) -> bool:
    return bool(id_ := instance_id(make=False)) and neighbour.properties.get("id") == id_


def _keep_quiet(sighting: Sighting) -> None:
    pass


def _print(sighting: Sighting) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {sighting.change:<8}{'  '.join(filter(None, _row(sighting.neighbour)))}")


def _print_json(sighting: Sighting) -> None:
    click.echo(json.dumps({"change": sighting.change, **_as_json(sighting.neighbour)}, ensure_ascii=False))
