"""`assistant setup`: from nothing to the first answer."""

import asyncio
import os
import sys
from pathlib import Path

import click

from assistant.cli import Settings
from assistant.cli.models import fetch
from assistant.models.catalogue import catalogue
from assistant.setup import language, models, neighbours, servers, sound, wake
from assistant.setup.answers import Answers, unanswered
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft
from assistant.setup.saving import save

__all__ = ["setup"]


@click.command()
@click.option("--language", help="BCP-47 tag of the language, as en or de.")
@click.option("--microphone", metavar="NAME", help="Microphone, as `assistant devices` names it, or `default`.")
@click.option("--speaker", metavar="NAME", help="Speaker, as `assistant devices` names it, or `default`.")
@click.option("--wake", metavar="WORD", multiple=True, help="Wake word, e.g. hey_jarvis; more than once for several.")
@click.option("--goal", type=click.Choice(list(models.GOALS)), help="What the models are chosen for.")
@click.option("--voice", metavar="ID|FILE", help="Piper voice: an id of the catalogue, or an .onnx file.")
@click.option("--chat", metavar="ID|FILE", help="Chat model: an id of the catalogue, or a GGUF file.")
@click.option("--servers/--no-servers", default=None, help="Use the servers of models that answer on this machine.")
@click.option("--home-assistant/--no-home-assistant", default=None, help="Look for Home Assistant on the network.")
@click.option("--service/--no-service", default=None, help="Install the service that starts it at boot.")
@click.option("--turn/--no-turn", default=None, help="Take a first turn at the end.")
@click.option("--yes", is_flag=True, help="Take what was detected for everything that no option says.")
@click.pass_context
def setup(ctx: click.Context, /, yes: bool, wake: tuple[str, ...], **given: str | bool | None) -> None:
    """Choose language, devices, wake word and models, try them, and write the configuration.

    Every question has an option. Without a terminal all must be given, or --yes. Without --service none is installed
    by --yes.
    """
    answers = Answers(**given, wake=wake or None)  # type: ignore[arg-type]
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal and not yes and (missing := unanswered(answers)):
        raise click.UsageError(f"there is no terminal to ask in: give {', '.join(missing)}, or --yes")
    _set_up(ctx, answers, Dialogue(asks=terminal and not yes))


def _set_up(ctx: click.Context, answers: Answers, dialogue: Dialogue) -> None:
    settings: Settings = ctx.obj
    draft = Draft(settings.config)
    if draft.file.exists():
        dialogue.show(f"There is a configuration: {draft.file}")
        dialogue.say("What it says is offered as the answer, and what is not asked for stays.")
    tag = language.ask(draft, answers, dialogue, os.environ)
    words = wake.ask(draft, answers, dialogue, catalogue())
    sound.ask_microphone(draft, answers, dialogue)
    sound.ask_speaker(draft, answers, dialogue)
    models.ask(draft, answers, dialogue, tag, fetch)
    servers.ask(draft, answers, dialogue)
    if words and dialogue.asks:
        dialogue.title("Three times")
        wake.say_three_times(draft, words[0], dialogue)
    neighbours.ask(answers, dialogue)
    _write(draft, dialogue)
    _service(ctx, draft, answers, dialogue)
    _first_turn(settings, answers, dialogue)
    dialogue.say("\nDone. `assistant run` starts it; `assistant check` looks at everything again.")


def _write(draft: Draft, dialogue: Dialogue) -> None:
    """Write the file; one that is there is changed only if the person agrees, and is kept as a copy."""
    dialogue.title("Configuration")
    draft.loaded()  # it must be right as a whole
    if draft.file.exists() and not dialogue.confirm(
        f"Write the answers to {draft.file}? A copy is kept.", default=True
    ):
        raise click.Abort
    saved = save(draft.file, draft.changes)
    if saved.backup is not None:
        dialogue.show(f"What was there, with its comments, is kept in {saved.backup}")
    dialogue.show(f"Written: {draft.file}" if saved.changed else f"{draft.file} says all of this already.")
    dialogue.complain(_overridden(draft))


def _overridden(draft: Draft) -> list[str]:
    """Name the answers that a file in conf.d or a variable overrides."""
    from assistant.config import load

    layer, wanted = load(draft.file).layer, draft.loaded().layer.tree
    return [
        f"{'.'.join(path)} is set to something else by {layer.place(path)}: remove it there."
        for path in draft.answered()
        if _at(layer.tree, path) != _at(wanted, path)
    ]


def _at(tree: object, path: tuple[str, ...]) -> object:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _service(ctx: click.Context, draft: Draft, answers: Answers, dialogue: Dialogue) -> None:
    """Offer the service where there is a systemd to run it."""
    if answers.service is False or not (answers.service or dialogue.asks):
        return
    dialogue.title("Service")
    if not Path("/run/systemd/system").exists():
        dialogue.complain(["No systemd runs here, so nothing starts the daemon at boot: `assistant run` does by hand."])
    elif answers.service or dialogue.confirm("Start it at boot, as a service?", default=True):
        from assistant.cli.service import install
        from assistant.service.machine import Kind, choose, look
        from assistant.service.places import STATE

        ctx.invoke(install, asked=None, dry_run=False, yes=not dialogue.asks, linger=None, models=True, python=None)
        if choose(look(), None)[0] is Kind.SYSTEM and draft.file != STATE / "config" / draft.file.name:
            dialogue.say("The service of the machine reads a configuration of its own. To give it this one:")
            dialogue.show(f"  sudo install -D -o inglenook -m 600 {draft.file} {STATE}/config/assistant.yaml")


def _first_turn(settings: Settings, answers: Answers, dialogue: Dialogue) -> None:
    """Take a real turn: ask something, and hear the answer."""
    if not (dialogue.asks if answers.turn is None else answers.turn):
        return
    dialogue.title("First turn")
    dialogue.say('Ask something, for example "What is the capital of Italy?"')
    if answers.turn or dialogue.confirm("Ready?", default=True):
        from assistant.cli.listen import listen_once

        asyncio.run(listen_once(settings, "", ""))
