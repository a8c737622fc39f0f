"""What every turn works with."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from assistant.chat import ChatRequest
from assistant.config.assistants import AssistantConfig
from assistant.config.schema import TimeoutConfig
from assistant.controls import Controls
from assistant.events import EventBus
from assistant.home import Home
from assistant.home.lessons import Lessons
from assistant.host import Candidate, Tool
from assistant.models.pool import Pool
from assistant.pipeline.conversation import Conversations, Exchange
from assistant.pipeline.nearness import Nearness
from assistant.pipeline.paraphrases import Learnt
from assistant.pipeline.phrases import Phrases
from assistant.pipeline.receipt import Receipt
from assistant.routing import Routing
from assistant.skill import Skill

__all__ = ["Equipment"]


@dataclass(frozen=True, slots=True)
class Equipment:
    """The parts of the daemon that a turn uses."""

    pool: Pool
    """The engines."""
    assistants: Mapping[str, AssistantConfig]
    """By name; the first is the default one."""
    conversations: Conversations
    """What was said before."""
    tools: Mapping[str, Tool]
    """What chat models may call, by name."""
    route: Callable[[ChatRequest, tuple[Candidate, ...]], str | None]
    """Asks plugins who answers."""
    events: EventBus
    """Where turns tell what happens."""
    phrases: Phrases
    """What can be said without any engine."""
    timeouts: TimeoutConfig
    """How long a stage may make no progress."""
    keep: Callable[[Receipt], None]
    """Stores the receipt of a finished turn; returns at once."""
    light: Executor
    """The one thread of the light engines: wake words and voice activity."""
    remember: Callable[[Exchange], None] = lambda exchange: None
    """Stores what was said, where the owner wants it kept; returns at once."""
    skills: list[Skill] = field(default_factory=list)
    """What the assistant can do by itself; of two that know an intent, the earlier does it."""
    home: Home = field(default_factory=Home)
    """The house: what is in it, and the ways to it."""
    lessons: Lessons = field(default_factory=lambda: Lessons(Home(), ()))
    """What intent engines are taught."""
    paraphrases: Learnt | None = None
    """Where sentences are kept that were learnt to mean others; None where nothing is to be learnt."""
    nearness: Nearness = field(default_factory=Nearness)
    """Compares sentences with those that are understood."""
    areas: Mapping[str, str] = field(default_factory=dict)
    """Rooms, by the device that stands in them."""
    routing: Routing = field(default_factory=Routing)
    """Decides which chat model answers."""
    controls: Controls = field(default_factory=Controls)
    """What is set at the devices: mute, volume, chime, quiet hours."""
