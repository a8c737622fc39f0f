"""Put the parts together: configuration, plugins, engines, conversations, state. The doors on top are others' work."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Collection, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.access.audit import Audit, NoLog
from assistant.access.deeds import Witness, witnessed
from assistant.access.keys import Keys
from assistant.chat import Priority
from assistant.config import Config, Loaded
from assistant.controls import Controls
from assistant.engines import Kind
from assistant.errors import ConfigError, PluginError
from assistant.events import EventBus
from assistant.home import Home
from assistant.home.lessons import Lessons
from assistant.host import Answer, ModelStatus, OfferedTool, Risk, Tool
from assistant.metrics.turns import Turns
from assistant.models.configured import read_models
from assistant.models.fitting import check_ears, check_private, codecs, stand_ins, with_stand_ins
from assistant.models.pool import Model, Pool
from assistant.models.references import resolve
from assistant.models.store import Store
from assistant.paths import data_folder, state_folder
from assistant.pipeline.conversation import Conversation, Conversations
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.ladder.paraphrase import place_examples
from assistant.pipeline.phrases import Phrases
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.tools.arguments import check
from assistant.pipeline.tools.granted import granted
from assistant.pipeline.tools.program import call
from assistant.pipeline.turn import Turn
from assistant.pipeline.warming import warm
from assistant.plugins import Plugins
from assistant.providers.models import sources
from assistant.providers.watch import Providers
from assistant.routing import Routing
from assistant.serving.cache import Cache
from assistant.skill import OWNER, Skill
from assistant.skills import Means, builtin
from assistant.state import State, state_file
from assistant.state.forgetting import Extent, Forgotten
from assistant.timers import Timers

__all__ = ["THREADS", "Assembly", "assemble", "check_required", "find_plugins", "load_plugins"]

log = logging.getLogger(__name__)

THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000", "OPENBLAS_NUM_THREADS": "1"}
"""Threads that do not wake in vain, for the engines share a few cores; the libraries read this when they are loaded.
OpenMP's spin for some tens of microseconds, the time to the end of an operation, and then sleep. If they spun for ever,
llama.cpp with two threads on two cores would write one token a second beside one busy program; if they did not spin, 64
tokens of a prompt would be read in 147 ms instead of 134, and twelve in 42 instead of 30. With a tenth of it, one reply
is written at 0.95 of the pace, with three times as much at 0.9. NumPy multiplies small matrices only, and each would
wake a second thread that then spins for 50 to 100 ms."""


class Assembly:
    """A running assistant without its doors. It is the `Host` that plugins receive."""

    def __init__(
        self,
        loaded: Loaded,
        plugins: Plugins,
        pool: Pool,
        equipment: Equipment,
        tools: dict[str, Tool],
        state: State,
        audit: Audit,
        providers: Providers,
        turns: Turns,
    ) -> None:
        self.config = loaded.config
        self.loaded = loaded
        self.plugins = plugins
        self.pool = pool
        self.equipment = equipment
        self.state = state
        self.events: EventBus = equipment.events
        self.timers = Timers(state.timers, self.events)
        self.keys = Keys(state.keys)
        self.audit = audit
        self.providers = providers
        self.turns = turns
        self.controls: Controls = equipment.controls
        self.home: Home = equipment.home
        cache = self.config.http.cache
        self.replies = Cache(cache.size, cache.lifetime)
        self._tools = tools

    def models(self) -> tuple[ModelStatus, ...]:
        """Return every model of the configuration and its state."""
        return self.pool.status()

    def lease(self, model: str, priority: Priority = Priority.API) -> AbstractAsyncContextManager[Any]:
        """Borrow the engine of a model."""
        return self.pool.lease(model, priority)

    def turn(self, assistant: str = "", device: str = "", priority: Priority = Priority.API, person: str = "") -> Turn:
        """Make a turn of an assistant: the first, where none is named. Raises ConfigError for an unknown one."""
        return Turn(self.equipment, self.assistant(assistant), device or "local", priority, person)

    def assistant(self, name: str) -> str:
        """Return the name of an assistant, the first where none is named; raises ConfigError for an unknown one."""
        known = self.config.assistants
        if name and name not in known:
            raise ConfigError(f"there is no assistant {name!r}", hint=f"configured: {', '.join(known)}")
        return name or next(iter(known))

    def model(self, name: str, kind: Kind) -> str:
        """Return the id of a model; raises ConfigError for an unknown one, and for one of another kind."""
        of_kind = [status.id for status in self.models() if status.kind is kind]
        if name not in of_kind:
            raise ConfigError(f"there is no {kind} model {name!r}", hint=f"configured: {', '.join(of_kind) or 'none'}")
        return name

    async def run_turn(
        self, text: str, *, assistant: str = "", conversation: str = "", device: str = "", person: str = ""
    ) -> Answer:
        """Answer *text* as a turn of an assistant, without sound."""
        turn = self.turn(assistant, device, person=person)
        async with aclosing(text_turn(turn, text, conversation)) as words:
            return Answer("".join([word async for word in words]), turn.id)

    async def prepare(self, model: str) -> None:
        """Do what is best done once an engine is open: a voice speaks its phrases, others read theirs."""
        kind = self.pool.model(model).spec.kind
        if kind is Kind.TTS:
            assistants = self.equipment.assistants
            speakers = {name: section for name, section in assistants.items() if model in section.voices}
            await self.equipment.phrases.prepare(self.pool, speakers, model)
        elif kind is Kind.CHAT:
            for name, section in self.config.assistants.items():
                if model in section.chats:
                    await warm(self.turn(name), Conversation(""))
        elif kind is Kind.INTENT:
            languages = {section.language for section in self.config.assistants.values() if section.intent == model}
            await self.equipment.lessons.prepare(self.pool, model, sorted(languages - {"auto"}))
        elif kind is Kind.EMBED:
            await place_examples(self.equipment, model)

    async def forget(self, since: float, person: str = "") -> Forgotten:
        """Forget what was said from *since* on (seconds since the epoch), by one *person* where one is named.

        What is remembered between turns is forgotten whoever's it is.
        """
        self.equipment.conversations.forget()
        self.home.undos.forget()
        self.equipment.nearness.forget()
        self.replies.forget()
        forgotten = await self.state.forget(Extent.of(since, person, self.config.devices))
        await self.timers.refresh()
        return forgotten

    def means(self) -> Means:
        """Return what the built-in skills work with."""
        return Means(
            state=self.state,
            controls=self.controls,
            home=self.home,
            events=self.events,
            conversations=self.equipment.conversations,
            timers=self.timers,
            areas=self.equipment.areas,
            skills=self.equipment.skills,
            undos=self.home.undos,
        )

    def add_skills(self, skills: Iterable[Skill]) -> None:
        """Let the assistant do more by itself; of two skills that know an intent, the first added does it."""
        self.equipment.skills.extend(skills)
        self.equipment.home.changed()  # there are further sentences

    def tools(self, assistant: str = "") -> tuple[OfferedTool, ...]:
        """Return the tools of an assistant, those of its skills included, by name."""
        every = granted(self.turn(assistant))
        return tuple(OfferedTool(tool.spec, tool.risk) for tool in every.values())

    @contextmanager
    def offering(self, tools: Iterable[Tool]) -> Generator[None, None, None]:
        """Let chat models call *tools* for as long as the context is open."""
        added = self.add_tools(tools)
        try:
            yield
        finally:
            for name in added:
                del self._tools[name]

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], *, risks: Collection[Risk], assistant: str = ""
    ) -> str:
        """Return what a tool says, called by a program: one of *risks*, and never a sensitive one."""
        return await call(self.turn(assistant, person=OWNER), name, arguments, risks)

    def add_tools(self, tools: Iterable[Tool]) -> list[str]:
        """Let chat models call *tools* from the next turn on, and return their names; the first of a name stays.

        A tool that cannot be told to a model, or whose arguments could not be checked, is left out by name.
        """
        added = list[str]()
        for tool in tools:
            try:
                check(tool.spec)
            except PluginError as error:
                log.warning("%s", error)
                continue
            if tool.spec.name in self._tools:
                log.warning("two plugins offer a tool %s; the first is used", tool.spec.name)
                continue
            self._tools[tool.spec.name] = tool
            added.append(tool.spec.name)
        return added


def find_plugins(loaded: Loaded) -> Plugins:
    """Load the plugins that the configuration allows; whatever fails is set aside."""
    section = loaded.config.plugins
    folder = Path(section.folder).expanduser() if section.folder else data_folder() / "plugins"
    return Plugins.load(disabled=section.disabled, folder=folder)


def load_plugins(loaded: Loaded) -> Plugins:
    """Load the plugins that the configuration allows; raises ConfigError where one that it requires is not in use."""
    plugins = find_plugins(loaded)
    check_required(loaded, plugins)
    return plugins


def check_required(loaded: Loaded, plugins: Plugins) -> None:
    """Raise ConfigError where a plugin that the configuration requires is not in use."""
    in_use = {plugin.name for plugin in plugins if not plugin.failure and not plugin.disabled}
    failures = {plugin.name: str(plugin.failure) for plugin in plugins if plugin.failure}
    where = loaded.layer.place(("plugins", "required"))
    for name in loaded.config.plugins.required:
        if name not in in_use:
            why = failures.get(name, "it is not installed or switched off")
            raise ConfigError(f"{where}: plugins.required: {name} cannot be used: {why}", hint="assistant plugins list")


def closed_while_muted(models: dict[str, Model], config: Config, controls: Controls) -> dict[str, Model]:
    """Return *models* such that nobody hears anything through the source of a device that is muted."""
    return models | {
        device.source: replace(models[device.source], spec=controls.guarded(name, models[device.source].spec))
        for name, device in config.devices.items()
    }


@asynccontextmanager
async def assemble(loaded: Loaded, plugins: Plugins | None = None) -> AsyncGenerator[Assembly, None]:
    """Put an assistant together and take it apart again. Engines open when they are first leased.

    Raises ConfigError where the configuration does not fit the plugins.
    """
    for variable, value in THREADS.items():
        os.environ.setdefault(variable, value)
    plugins = load_plugins(loaded) if plugins is None else plugins
    config, store = loaded.config, Store.default()
    state = State(state_file())
    events = EventBus()
    controls = Controls(
        config.devices,
        events,
        state.devices,
        remote_unmute=[name for name, device in config.devices.items() if device.remote_unmute],
        journal=state_folder() / "ducked.json",
    )
    models = closed_while_muted(read_models(loaded, plugins), config, controls)
    check_ears(loaded, models, store.catalogue)
    check_private(loaded, models)
    voices = stand_ins(plugins.engines.values(), models)
    models |= voices | codecs(plugins.engines.values(), models)
    pool = Pool(models, lambda options: resolve(options, store), opening=config.timeouts.open)
    routing = Routing()
    providers = Providers(sources(loaded, plugins), pool, routing.health, events)
    tools: dict[str, Tool] = {}
    light = ThreadPoolExecutor(1, thread_name_prefix="light")
    audit = Audit(state.audit if config.audit.seconds else NoLog())
    turns = Turns(config.devices)
    home, skills = Home(Witness(state.ledger, audit)), list[Skill]()
    equipment = Equipment(
        pool=pool,
        assistants=with_stand_ins(config.assistants, voices),
        conversations=Conversations(config.conversation, asyncio.get_running_loop().time),
        tools=tools,
        route=plugins.route_turn,
        events=events,
        phrases=Phrases(),
        timeouts=config.timeouts,
        keep=turns.counting(witnessed(state.receipts.keep, audit)),
        light=light,
        controls=controls,
        home=home,
        skills=skills,
        lessons=Lessons(home, skills, loaded.folder / "sentences"),
        areas={name: device.area or name for name, device in config.devices.items()},
        remember=state.history.keeping(config.history.seconds),
        paraphrases=state.paraphrases,
        routing=routing,
    )
    assembly = Assembly(loaded, plugins, pool, equipment, tools, state, audit, providers, turns)
    try:
        await state.open()
        await controls.load()
        await assembly.timers.load()
        await assembly.keys.load()
        assembly.add_skills(builtin(assembly.means()))
        assembly.add_skills(plugins.skills(assembly))
        assembly.add_tools(plugins.tools(assembly))
        yield assembly
    finally:
        await controls.ducking.close()
        await pool.close()
        await state.close()
        light.shutdown(wait=False)
