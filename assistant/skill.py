"""Skills: what the assistant can do by itself, without a chat model.

An intent engine says what a sentence asks for; a skill does it and says what came of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.chat import ToolSpec
from assistant.engines import API

__all__ = ["OWNER", "Ask", "Asked", "Handler", "Reply", "Skill"]

OWNER = "owner"
"""`Asked.person` of whoever has the daemon's key, or uses the command line of its account."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for."""

    intent: str
    """Name of the intent, such as `HassStartTimer`."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """What the sentence filled in, by slot name."""
    spoken: Mapping[str, str] = field(default_factory=dict)
    """The same in the words that were said, for the reply: `blinds`, where the slot says `blind`."""
    key: str = "default"
    """Which of the intent's response templates fits the sentence."""
    text: str = ""
    """The words themselves."""
    language: str = "en"
    """BCP-47 tag of the language in which it was asked, and is answered."""
    assistant: str = ""
    """Who was asked."""
    device: str = ""
    """Where: a device's or a door's name."""
    conversation: str = ""
    """Key of the conversation."""
    turn: str = ""
    """The turn's name in events and receipts."""
    person: str = ""
    """Who asks; empty for somebody who is not known."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a reply asks back, once; the next turn of the same conversation is the answer, or is something else."""

    then: Callable[[str], Awaitable["Reply"]]
    """Takes the choice, as it stands in `choices`, or `yes`, and goes on; a no is answered without it."""
    choices: tuple[str, ...] = ()
    """What can be chosen, as people say it; empty for a question that is answered by yes or no."""
    every: Callable[[], Awaitable["Reply"]] | None = None
    """Goes on with all that can be chosen, for "both" and "all of them"; None where that makes no sense."""
    otherwise: Callable[[], Awaitable["Reply"]] | None = None
    """Goes on after a no with what does not depend on it; None where there is nothing more to do."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a skill says."""

    text: str = ""
    """The words, in the language that was asked; empty where a response template of the intent has them."""
    key: str = ""
    """Which response template of the intent, where `text` is empty; empty for the one that fits the sentence."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the response template is filled with, beside the slots: JSON values."""
    asks: Ask | None = None
    """What is asked back, where the text is a question."""
    foreign: bool = False
    """Whether others wrote any of it, where that is not so of every reply to the intent (`Skill.foreign`)."""


Handler = Callable[[Asked], Awaitable[Reply]]
"""Does what is asked; raises AssistantError, whose message is not spoken, where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Something the assistant can do by itself."""

    name: str
    """Lower case: `timers`."""
    intents: Mapping[str, Handler]
    """What it does, by intent."""
    reads: frozenset[str] = frozenset()
    """The intents that change nothing: they are answered while it is not yet sure that the question is over."""
    sensitive: frozenset[str] = frozenset()
    """The intents that only a known person may ask for, and has to confirm: unlocking, disarming, buying."""
    foreign: frozenset[str] = frozenset()
    """The intents whose replies hold what others wrote: mail, web pages, calendars, what is playing."""
    takes: Callable[[Asked], bool] | None = None
    """Tells whether what was asked makes sense to it, where a sentence has room for any words: what it does not take is
    left to the next skill of the intent, and then to the next rung. Immediate, and changes nothing; None takes all."""
    expects: Callable[[Asked], Reply | None] | None = None
    """Says what the reply will be if all goes well, so that its sound is ready when it has; None where that cannot be
    known. Immediate, and changes nothing. The sound is played only where the reply turns out to be that one."""
    describe: Callable[[Asked], str] | None = None
    """Says what a sensitive intent would do, as an infinitive in the language that was asked: `unlock the front door`;
    None where the person's own words say it."""
    tools: Mapping[str, ToolSpec] = field(default_factory=dict)
    """The intents that chat models may call, too, each with what they are told; the arguments are the slots."""
    sentences: str = ""
    """Folder of its sentence templates and responses, `<language>/*.yaml` in the format of hassil; empty for a skill
    whose intents are Home Assistant's own. In a language without a folder it is not asked: it could not answer."""
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sentences to try, by language, for "what can you do"."""
    api: int = API
    """The plugin interface it was written for."""
