"""`assistant listen`: one turn in the terminal, without a wake word."""

import asyncio
import sys
from contextlib import aclosing

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from assistant.assembly import Assembly, assemble
from assistant.cli import Settings
from assistant.cli.output import show_receipt
from assistant.config.roles import roles
from assistant.errors import ConfigError, DeviceError
from assistant.events import EventType, TurnEvent
from assistant.pipeline.listen import Listener
from assistant.soundcheck import level

__all__ = ["listen", "listen_once"]

_SETTLING = 15.0
"""Seconds that the microphone may take to give its first sound."""
_STATES = {
    EventType.STT_START: "speak now",
    EventType.STT_VAD_START: "listening",
    EventType.STT_VAD_END: "understanding",
    EventType.INTENT_START: "thinking",
    EventType.TTS_START: "answering",
}
"""What the assistant is doing after an event."""


@click.command()
@click.option("--device", default="", help="Device of the configuration; the first by default.")
@click.option("--assistant", default="", help="Which assistant answers; the first by default.")
@click.pass_obj
def listen(settings: Settings, device: str, assistant: str) -> None:
    """Listen now, answer once, and show every step: level, transcript, reply, receipt."""
    asyncio.run(listen_once(settings, device, assistant))


async def listen_once(settings: Settings, device: str, assistant: str) -> None:
    """Take one turn without a wake word; raises ConfigError for a device or an assistant that there is not."""
    loaded = settings.load()
    configured = loaded.config.devices
    if not configured or (device and device not in configured):
        raise ConfigError(f"there is no device {device!r}", hint=f"configured: {', '.join(configured) or 'none'}")
    name = device or next(iter(configured))
    async with assemble(loaded) as assembly:
        assistant = assembly.assistant(assistant)
        listener = Listener(name, configured[name], assembly.equipment)
        for role in roles(loaded.config):
            if role.path[:2] in (("devices", name), ("assistants", assistant)):
                await assembly.pool.open(role.model)
        running = asyncio.create_task(listener.run())
        try:
            try:
                async with asyncio.timeout(_SETTLING):
                    await listener.settled.wait()
            except TimeoutError:
                raise DeviceError(f"the microphone of {name} gives no sound", hint="try: assistant check") from None
            if listener.failure is not None:
                raise listener.failure
            await _one_turn(assembly, listener, assistant)
        finally:
            running.cancel()
            await asyncio.wait({running})


async def _one_turn(assembly: Assembly, listener: Listener, assistant: str) -> None:
    view = _View()
    if not sys.stdout.isatty():
        click.echo("speak now")
    with Live(view.text, console=Console(highlight=False), refresh_per_second=12, transient=True) as live:
        watching = [
            asyncio.create_task(_watch(assembly, view)),
            asyncio.create_task(_meter(listener, view, live)),
        ]
        try:
            await asyncio.sleep(0)  # both watch before the first event
            await listener.begin(assistant, None, asyncio.get_running_loop().time())
        finally:
            for task in watching:
                task.cancel()
            await asyncio.wait(watching)
    view.show_result()


class _View:
    """What is shown of the turn."""

    def __init__(self) -> None:
        self.state = "opening"
        self.heard = ""
        self.reply = ""
        self.level = 0.0
        self.error = ""
        self.end: TurnEvent | None = None

    def see(self, event: TurnEvent) -> None:
        self.state = _STATES.get(event.type, self.state)
        if event.type is EventType.STT_END:
            self.heard = str(event.data["text"])
        elif event.type is EventType.INTENT_PROGRESS:
            self.reply += str(event.data["delta"])
        elif event.type is EventType.ERROR:
            self.error = str(event.data["message"])
        elif event.type is EventType.RUN_END and self.end is None:
            self.end = event

    @property
    def text(self) -> Text:
        bar = "▮" * round(20 * self.level)
        lines = [f"{self.state:<14}{bar:<20}", f"> {self.heard}" if self.heard else "", self.reply]
        return Text("\n".join(filter(None, lines)))

    def show_result(self) -> None:
        if self.heard:
            click.echo(f"> {self.heard}")
        if self.reply:
            click.echo(self.reply)
        if self.error:
            click.echo(f"failed: {self.error}")
        if self.end is not None and self.end.data["outcome"] == "nothing":
            click.echo("nothing was said")
        elif self.end is not None:
            show_receipt(dict(self.end.data["parts"]), float(self.end.data["voice_to_voice"]))


async def _watch(assembly: Assembly, view: _View) -> None:
    async with aclosing(assembly.events.subscribe()) as events:
        async for event in events:
            view.see(event)


async def _meter(listener: Listener, view: _View, live: Live) -> None:
    async with aclosing(listener.microphone.since(asyncio.get_running_loop().time())) as chunks:
        async for chunk in chunks:
            view.level = level(chunk)
            live.update(view.text)
