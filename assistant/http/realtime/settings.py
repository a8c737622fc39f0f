"""What a session is set to, and how its client sets it: the names of today, and those of the beta."""

import math
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, structs

from assistant.chat import ToolSpec
from assistant.config.assistants import PRESETS, EndpointConfig
from assistant.http.openai.tools import FunctionTool, ToolName, choice_of, specs
from assistant.http.realtime.forms import Form

__all__ = [
    "FORMS_OF_THE_BETA",
    "Change",
    "SemanticVad",
    "ServerVad",
    "SessionChange",
    "Settings",
    "endpoint_of",
]

_LONGEST = {"low": 8.0, "medium": 4.0, "auto": 4.0, "high": 2.0}
"""Seconds of silence that end what is surely incomplete, by eagerness, as the reference has them."""
FORMS_OF_THE_BETA = {"pcm16": Form.PCM, "g711_ulaw": Form.ULAW, "g711_alaw": Form.ALAW}
"""How sound is written, as the beta calls it."""
_PRESETS = {"low": "relaxed", "medium": "default", "auto": "default", "high": "aggressive"}
"""The preset of `endpoint` that sets the other waits."""

Milliseconds = Annotated[int, Meta(ge=0, le=10_000)]
Words = Annotated[str, Meta(max_length=100_000)]
Speed = Annotated[float, Meta(ge=0.25, le=1.5)]


class Detection(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Who says that somebody has finished; null is as good as nothing."""

    create_response: bool | None = True
    interrupt_response: bool | None = True


class ServerVad(Detection, frozen=True, kw_only=True, tag="server_vad"):
    """A silence says so."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | None = 0.5
    prefix_padding_ms: Milliseconds | None = 300
    silence_duration_ms: Milliseconds | None = 500


class SemanticVad(Detection, frozen=True, kw_only=True, tag="semantic_vad"):
    """A silence says so that is the longer the less complete what was said sounds and reads."""

    eagerness: Literal["low", "medium", "high", "auto"] | None = "auto"


class SoundForm(msgspec.Struct, frozen=True, kw_only=True):
    """How sound is written."""

    type: Form | None = Form.PCM
    rate: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a rate that the form does not have."""
        if self.rate not in (None, self.form.rate):
            raise ValueError(f"{self.form} has {self.form.rate} Hz")

    @property
    def form(self) -> Form:
        """Return the form."""
        return self.type or Form.PCM


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """How speech is recognised; which model does so the assistant says."""

    language: Annotated[str, Meta(max_length=35)] | None = None
    prompt: Annotated[str, Meta(max_length=4000)] | None = None


class VoiceId(msgspec.Struct, frozen=True):
    """The name of a voice."""

    id: Annotated[str, Meta(max_length=256)]


Voice = Annotated[str, Meta(max_length=256)] | VoiceId


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What is heard."""

    format: SoundForm | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: ServerVad | SemanticVad | UnsetType | None = UNSET


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What is said."""

    format: SoundForm | UnsetType | None = UNSET
    voice: Voice | UnsetType | None = UNSET
    speed: Speed | UnsetType | None = UNSET


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """Sound either way."""

    input: Input = Input()
    output: Output = Output()


class NamedFunction(msgspec.Struct, frozen=True):
    """The one tool that must be called."""

    name: ToolName


T = TypeVar("T")

OldForm = Literal["pcm16", "g711_ulaw", "g711_alaw"]
Modalities = list[Literal["text", "audio"]]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000)] | Literal["inf"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set; what is left out stays. The last eight are the beta's."""

    instructions: Words | UnsetType = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    audio: Audio = Audio()
    tools: Annotated[list[FunctionTool], Meta(max_length=128)] | UnsetType = UNSET
    tool_choice: Literal["none", "auto", "required"] | NamedFunction | UnsetType = UNSET
    max_output_tokens: Tokens | UnsetType | None = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType | None = UNSET
    modalities: Modalities | UnsetType = UNSET
    voice: Voice | UnsetType | None = UNSET
    speed: Speed | UnsetType | None = UNSET
    input_audio_format: OldForm | UnsetType | None = UNSET
    output_audio_format: OldForm | UnsetType | None = UNSET
    input_audio_transcription: Transcription | UnsetType | None = UNSET
    turn_detection: ServerVad | SemanticVad | UnsetType | None = UNSET
    max_response_output_tokens: Tokens | UnsetType | None = UNSET


class SessionChange(Change, frozen=True, kw_only=True):
    """What is to be set of a session, beside what a response may set for itself."""

    type: Literal["realtime", "transcription"] | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a session, or one response, is set to."""

    instructions: str
    """The system prompt."""
    transcribes: bool = False
    """Whether what is said is only written down, and nothing is answered."""
    written: bool = False
    """Whether it answers in writing only."""
    hears: Form = Form.PCM
    """How the sound is written that the client sends."""
    says: Form = Form.PCM
    """How the sound is written that it is sent."""
    detection: ServerVad | SemanticVad | None = field(default_factory=ServerVad)
    """Who says that somebody has finished; None where the client does."""
    voice: str = ""
    """The voice's name; one that is not known is the assistant's own."""
    speed: float = 1.0
    """The voice's pace; 1 is its own."""
    language: str = ""
    """BCP-47 tag of what is spoken; empty for the assistant's own."""
    hint: str = ""
    """Words that are likely to be said, for the recogniser."""
    tools: tuple[ToolSpec, ...] = ()
    """What the model may call; the client does it."""
    tool_choice: str = "auto"
    """Whether it must."""
    max_tokens: int | None = None
    """Tokens after which a reply is cut; None for as many as usual."""
    temperature: float | None = None
    """How tokens are drawn; None for the model's own."""

    def changed(self, change: Change) -> "Settings":
        """Return the settings after a change; raises Problem for tools that cannot be."""
        modalities = _given(change.output_modalities, change.modalities)
        transcription = _given(change.audio.input.transcription, change.input_audio_transcription)
        heard = transcription or Transcription()
        detection = _given(change.audio.input.turn_detection, change.turn_detection)
        voice = _given(change.audio.output.voice, change.voice)
        speed = _given(change.audio.output.speed, change.speed)
        tokens = _given(change.max_output_tokens, change.max_response_output_tokens)
        kind = change.type if isinstance(change, SessionChange) else UNSET
        tools = self.tools if change.tools is UNSET else specs(change.tools)
        choice = change.tool_choice
        wanted = choice.name if isinstance(choice, NamedFunction) else choice
        return replace(
            self,
            instructions=self.instructions if change.instructions is UNSET else change.instructions,
            transcribes=self.transcribes if kind is UNSET else kind == "transcription",
            written=self.written if modalities is UNSET else "audio" not in modalities,
            hears=_form(self.hears, change.audio.input.format, change.input_audio_format),
            says=_form(self.says, change.audio.output.format, change.output_audio_format),
            detection=self.detection if detection is UNSET else detection,
            voice=self.voice if voice is UNSET else voice.id if isinstance(voice, VoiceId) else voice or "",
            speed=self.speed if speed is UNSET else 1.0 if speed is None else speed,
            language=self.language if transcription is UNSET else (heard.language or ""),
            hint=self.hint if transcription is UNSET else (heard.prompt or ""),
            tools=tools,
            tool_choice=choice_of(self._choice(tools) if wanted is UNSET else wanted, tools),
            max_tokens=self.max_tokens if tokens is UNSET else None if tokens == "inf" else tokens,
            temperature=self.temperature if change.temperature is UNSET else change.temperature,
        )

    def _choice(self, tools: tuple[ToolSpec, ...]) -> str:
        """Return what was chosen before, as far as it can still be."""
        known = {"auto", "none", *(tool.name for tool in tools), *(("required",) if tools else ())}
        return self.tool_choice if self.tool_choice in known else "auto"


def endpoint_of(detection: ServerVad | SemanticVad, own: EndpointConfig) -> EndpointConfig:
    """Return when an utterance begins and ends: as the client wants it, and else as the assistant has it."""
    if isinstance(detection, SemanticVad):
        eagerness = detection.eagerness or "auto"
        waits = {} if _PRESETS[eagerness] == own.preset else PRESETS[_PRESETS[eagerness]]
        return structs.replace(own, **waits | {"longest": _LONGEST[eagerness]}, nothing_said=math.inf)
    silence = (500 if detection.silence_duration_ms is None else detection.silence_duration_ms) / 1000
    threshold = 0.5 if detection.threshold is None else detection.threshold
    waits = {"silence": silence, "shortest": silence, "longest": silence}
    return structs.replace(own, **waits, threshold=threshold, nothing_said=math.inf)


def _given(new: T | UnsetType, old: T | UnsetType) -> T | UnsetType:
    """Return what is given by its name of today, or else by that of the beta."""
    return old if new is UNSET else new


def _form(before: Form, new: SoundForm | UnsetType | None, old: OldForm | UnsetType | None) -> Form:
    """Return how sound is written, by the name of today, or else by that of the beta; null is as good as PCM."""
    if new is not UNSET:
        return new.form if new else Form.PCM
    return before if old is UNSET else FORMS_OF_THE_BETA[old or "pcm16"]
