"""`assistant run`: the daemon."""

import asyncio
import logging

import click

from assistant.cli import Settings

__all__ = ["run"]


@click.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Run the daemon: listen, answer, serve, until it is stopped."""
    from assistant import daemon
    from assistant.backup import Places, finish_restore
    from assistant.systemd import log_to_journal

    log_to_journal()
    finish_restore(Places.here(settings.config))
    loaded = settings.load()
    level = logging.DEBUG if settings.debug else loaded.config.log.level.upper()
    logging.getLogger().setLevel(level)
    asyncio.run(daemon.run(loaded))
