"""Who a client speaks with: a model of its choice, with the ears and the voice of an assistant."""

from dataclasses import dataclass, replace

from msgspec import structs

from assistant.access import Caller, Scope
from assistant.access.caller import OWNER_KEY
from assistant.chat import Priority
from assistant.config.assistants import AssistantConfig
from assistant.engines import Kind
from assistant.errors import EngineUnavailable
from assistant.events import EventBus
from assistant.http.realtime.settings import SemanticVad, ServerVad, Settings
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.language import system_prompt
from assistant.pipeline.turn import Turn
from assistant.routing import Route
from assistant.serving import Generation
from assistant.skill import OWNER

__all__ = ["Party"]

_NAME = "realtime"
"""Where a session's turns take place, and who answers in them where that is no assistant of the house."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who answers, with which engines.

    An assistant that is meant by its name, by whoever may act in the house, does there what it does for a microphone.
    Any other does nothing there, and nothing of what is said is told to anybody else. What the chat model may call is
    the client's either way.
    """

    model: str
    """What the client calls the chat model."""
    assistant: AssistantConfig
    """Whose ears and voice it has."""
    vad: str
    """Id of the voice activity detector; empty where there is none."""
    equipment: Equipment
    """What its turns work with."""
    route: Route
    """The chat models that may answer."""
    name: str = _NAME
    """What the assistant is called in its turns."""
    house: bool = False
    """Whether it acts in the house."""
    person: str = ""
    """Who speaks; empty for somebody who is not known."""

    @classmethod
    def of(cls, name: str, who: Caller, equipment: Equipment, generation: Generation) -> "Party":
        """Return whom *who* means by *name*: an assistant, or a chat model, which has the first assistant's voice.

        Raises UnknownModel, and EngineUnavailable where no assistant can hear and speak.
        """
        able = {key: one for key, one in equipment.assistants.items() if one.ears and one.voices}
        if not able:
            raise EngineUnavailable("no assistant hears and speaks", hint="configure `stt` and `tts` of an assistant")
        assistant = able.get(name) or next(iter(able.values()))
        pool = equipment.pool.on_this_machine() if assistant.strategy == "private" else equipment.pool
        model = next((id_ for id_ in assistant.chats if id_ in pool), name) if name in able else name
        named = generation.names.find(model, Kind.CHAT)
        route = Route.of(assistant) if name in able and assistant.chats else named.route
        vads = [status.id for status in equipment.pool.status() if status.kind is Kind.VAD]
        patience = structs.replace(equipment.timeouts, stt=generation.patience, tts=generation.patience)
        own, vad = replace(equipment, timeouts=patience), next(iter(vads), "")
        if name in able and who.may(Scope.HOME):
            person = OWNER if who is OWNER_KEY else ""
            return cls(named.name, assistant, vad, own, route, name, house=True, person=person)
        return cls(named.name, assistant, vad, replace(own, events=EventBus()), route)

    @property
    def settings(self) -> Settings:
        """Return what a session is set to at first."""
        prompt = self.assistant.prompt or system_prompt(self.assistant.language)
        detection = ServerVad() if self.vad else None
        return Settings(instructions=prompt, detection=detection, voice=self.assistant.voice)

    @property
    def engines(self) -> tuple[str, ...]:
        """Return the ids of what listens and speaks."""
        models = (self.vad, self._detector, *self.assistant.ears[:1], *self.assistant.voices[:1])
        return tuple(model for model in models if model)

    def turn(self, settings: Settings, heard: str) -> Turn:
        """Return a turn as *settings* has it; *heard* is the language that was heard last."""
        semantic = isinstance(settings.detection, SemanticVad)
        config = structs.replace(
            self.assistant,
            language=settings.language or self.assistant.language,
            voice=settings.voice if settings.voice in self._voices else self.assistant.voice,
            prompt=settings.instructions,
            turn=self._detector if semantic else "",
            intent=self.assistant.intent if self.house else "",
            embed=self.assistant.embed if self.house else "",
            tools=[],
        )
        assistants = {**self.equipment.assistants, self.name: config}
        turn = Turn(replace(self.equipment, assistants=assistants), self.name, _NAME, Priority.API, self.person)
        turn.heard = heard
        turn.hint = settings.hint
        turn.speed = settings.speed
        return turn

    @property
    def _detector(self) -> str:
        """Return the id of what hears whether a speaker has finished; empty where nothing does."""
        return self.assistant.turn if self.assistant.turn in self.equipment.pool else ""

    @property
    def _voices(self) -> set[str]:
        pool = self.equipment.pool
        return {voice.name for model in self.assistant.voices for voice in pool.model(model).capabilities.voices}
