"""The steps of the microphone and of the speaker."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from assistant.assembly import assemble
from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.config import Loaded
from assistant.errors import AssistantError
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft
from assistant.soundcheck import Device, level
from assistant.soundcheck.examine import Diagnosis, examine_sink, examine_source
from assistant.streams import in_thread

__all__ = ["ask_microphone", "ask_speaker", "offered"]

_ENGINES = {"source": "pyaudio-source", "sink": "pyaudio-sink"}
"""Engines whose device can be chosen here; another one was configured by somebody who knows better."""
_PLUGINS = (
    "center_lfe", "dmix", "dsnoop", "front", "iec958", "jack", "lavrate", "null", "oss", "pipewire", "pulse", "rear",
    "samplerate", "side", "spdif", "speex", "speexrate", "surround", "sysdefault", "upmix", "usbstream", "vdownmix",
)  # fmt: skip
"""How the names begin of ALSA's ways to the same devices, which nobody wants to choose from."""
_SPEAKING = 4.0
"""Seconds for which the level is shown."""


def offered(devices: Sequence[Device], kind: str, current: str) -> list[tuple[str, str]]:
    """Return names of devices to choose from and what a person reads of each: the system's choice first."""
    fitting = [device for device in devices if (device.inputs if kind == "source" else device.outputs)]
    found = [("default", "the system's choice")] if any(d.default for d in fitting) or not fitting else []
    for device in fitting:
        if device.name != "default" and not device.name.startswith(_PLUGINS):
            channels = device.inputs if kind == "source" else device.outputs
            found.append((device.name, f"{device.name} ({channels} channel{'s' * (channels > 1)}, {device.rate} Hz)"))
    if current not in [name for name, _ in found]:
        found.append((current, f"{current} (as configured)"))
    return found


def ask_microphone(draft: Draft, answers: Answers, dialogue: Dialogue) -> None:
    """Choose the microphone and show its level; raises DeviceError where it cannot be opened and nobody is asked."""
    dialogue.title("Microphone")

    def listen() -> Diagnosis:
        dialogue.wait("Press Enter, then say something for four seconds.")
        with dialogue.meter("listening") as meter:
            return asyncio.run(_listen(draft.loaded(), draft.model("source"), lambda c: meter.show(level(c))))

    _ask(draft, answers.microphone, dialogue, "source", listen)


def ask_speaker(draft: Draft, answers: Answers, dialogue: Dialogue) -> None:
    """Choose the speaker and play two notes; raises DeviceError where it cannot be opened and nobody is asked."""
    dialogue.title("Speaker")

    def play() -> Diagnosis:
        dialogue.say("Two notes are played ...")
        return asyncio.run(_play(draft.loaded(), draft.model("sink"), draft.model("source")))

    _ask(draft, answers.speaker, dialogue, "sink", play)


def _ask(draft: Draft, given: str | None, dialogue: Dialogue, kind: str, tries: Callable[[], Diagnosis]) -> None:
    """Choose a device and try it, again until it does, or is taken as it is."""
    if draft.engine(kind) != _ENGINES[kind]:
        dialogue.say(f"It stays with the engine {draft.engine(kind)}, as configured.")
        return
    model = draft.model(kind)
    while True:
        current = str(draft.loaded().config.models[model].options.get("device", "default"))
        chosen = given
        if chosen is None:
            devices = asyncio.run(_devices(draft.loaded(), model))
            chosen = dialogue.choose("Device", offered(devices, kind, current), current)
        draft.set(chosen, "models", model, "device")
        found = tries()
        if _is_well(found, dialogue, kind):
            return
        if given is not None or not dialogue.asks or not dialogue.confirm("Choose again?", default=True):
            if found.failure is not None:
                raise found.failure
            return


def _is_well(found: Diagnosis, dialogue: Dialogue, kind: str) -> bool:
    """Say what came of a try, and return whether the device does."""
    if found.failure is not None:
        dialogue.complain([f"{found.failure} ({found.failure.hint})", *found.complaints])
        return False
    if found.note:
        dialogue.say(found.note)
    dialogue.complain(found.complaints)
    if found.complaints:
        return False
    if kind == "sink" and not found.notes_heard:
        return dialogue.confirm("Did you hear two notes?", default=True)
    return True


async def _devices(loaded: Loaded, model: str) -> list[Device]:
    async with assemble(loaded) as assembly, assembly.pool.lease(model, Priority.BACKGROUND) as engine:
        return list(await in_thread(engine.devices))


async def _listen(loaded: Loaded, source: str, tell: Callable[[AudioChunk], None]) -> Diagnosis:
    async with assemble(loaded) as assembly, assembly.pool.lease(source, Priority.BACKGROUND) as engine:
        return await examine_source(engine, _SPEAKING, tell)


async def _play(loaded: Loaded, sink: str, source: str) -> Diagnosis:
    async with AsyncExitStack() as stack:
        assembly = await stack.enter_async_context(assemble(loaded))
        engine = await stack.enter_async_context(assembly.pool.lease(sink, Priority.BACKGROUND))
        try:
            microphone = await stack.enter_async_context(assembly.pool.lease(source, Priority.BACKGROUND))
        except AssistantError:
            microphone = None
        return await examine_sink(engine, microphone)
