"""Who answers, and where: assistants, their endpointing and drafts, and the devices that they are heard at."""

from typing import Annotated, Literal

import msgspec

from assistant.config.section import Balance, Id, Seconds, Section, Share, Strategy, Tier, listed, tiers

__all__ = ["PRESETS", "AssistantConfig", "DeviceConfig", "DraftConfig", "EndpointConfig"]

PRESETS: dict[str, dict[str, float]] = {
    "relaxed": {"shortest": 0.4, "silence": 1.0, "longest": 3.5},
    "default": {"shortest": 0.2, "silence": 0.7, "longest": 2.5},
    "aggressive": {"shortest": 0.1, "silence": 0.5, "longest": 2.0},
}
"""How long each preset of `endpoint` waits, in seconds of silence (measured: benchmarks/endpointing.py)."""


class EndpointConfig(Section, frozen=True, kw_only=True):
    """When an utterance begins and ends."""

    preset: Literal["relaxed", "default", "aggressive"] = "default"
    """How patient it is: sets `silence`, `shortest` and `longest` where they are not given."""
    threshold: Share = 0.5
    """Speech probability above which a frame is voiced, 0 to 1."""
    min_speech: Seconds = 0.2
    """Seconds of voiced sound that make an utterance."""
    pause: Seconds = 0.06
    """Seconds of silence that count as a pause: the answer is drafted from here on."""
    silence: Seconds = 0.7
    """Seconds of silence that end the utterance where nothing is known of its completeness."""
    shortest: Seconds = 0.2
    """Seconds of silence that end an utterance that is surely complete, once its answer can be heard; until then
    it may take `silence`."""
    longest: Seconds = 2.5
    """Seconds of silence that end an utterance that is surely incomplete."""
    nothing_said: Seconds = 8.0
    """Seconds after the wake word until the device is idle again if nobody speaks."""
    max_utterance: Seconds = 30.0
    """Seconds after which an utterance is cut."""
    follow_up: Seconds = 5.0
    """Seconds to listen without a wake word after a reply that ends in a question; 0 never does."""


class DraftConfig(Section, frozen=True, kw_only=True):
    """How far an answer is prepared in the pauses of an utterance, before it is known to be over."""

    attempts: Annotated[int, msgspec.Meta(ge=0, le=20)] = 10
    """Pauses of one utterance in which an answer is drafted; 0 always waits for the end."""
    longest: Seconds = 20.0
    """Seconds of speech up to which an utterance is drafted: a longer one takes long to transcribe again and again."""


class AssistantConfig(Section, frozen=True, kw_only=True):
    """One assistant: who answers to which wake words, with which models."""

    wake: list[str] = []
    """Wake words it answers to, as the wake models name them."""
    language: str = "en"
    """BCP-47 tag of the language it speaks and expects; `auto` takes what the speech recogniser hears."""
    stt: str | list[Id] = "stt"
    """Model id of the speech recogniser, or several in order of preference: the first that knows the language hears,
    and the next where one fails or its server is asleep. Empty for an assistant that is only written to."""
    chat: str | list[Tier] = "chat"
    """Model id of the chat model, or several in order of preference, those in a list of their own being equals: the
    next is asked where one cannot answer or has nothing to say, and goes on where one fails in mid-reply; the biggest
    where somebody says "think harder"; empty for none."""
    strategy: Strategy = "order"
    """What chat models are chosen by: `order` of the list, `performance` (the reply that is expected soonest),
    `accuracy` (the most parameters), `cost` (the lowest price). `private`: in order, and nothing of what is said to it,
    sound or text, leaves this machine."""
    task: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """What it is asked for, such as `code`: chat models that are good at it (`good_at`) come first. Empty for `vision`
    where there are pictures, and `chat` otherwise."""
    balance: Balance = "least_busy"
    """How chat models that are equals share the work: `least_busy`, `round_robin`, `fastest`, or `weighted` by how many
    replies each writes at once. A conversation stays where it is known, unless others have less to do."""
    intent: str = "intent"
    """Model id of the intent engine, which understands what needs no chat model; empty for none."""
    embed: str = ""
    """Model id of the engine that knows which sentences are near in meaning; empty to compare them by their letters."""
    tts: str | list[str] = "tts"
    """Model id of the voice, or several in order of preference: the first that knows the language speaks, and the next
    where one fails. Empty for an assistant that only writes."""
    voice: str = ""
    """Voice of that model; empty for the one that fits the language."""
    prompt: str = ""
    """System prompt; empty for the built-in one."""
    tools: list[str] = msgspec.field(default_factory=lambda: ["*"])
    """Names of the tools the chat model may call; `*` stands for all."""
    tools_at_once: Annotated[int, msgspec.Meta(ge=1, le=128)] = 12
    """Tools that it is offered at once: many slow a small model down and confuse it. Of more, those that fit the
    question."""
    tools_from: Annotated[int, msgspec.Meta(ge=0)] = 500
    """Millions of parameters from which a chat model is offered tools at all; one whose size is not known is."""
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=32_768)] = 160
    """Tokens after which a reply is cut: a minute of speech."""
    turn: str = "turn"
    """Model id of the detector that hears whether a speaker has finished; empty for none."""
    endpoint: EndpointConfig = EndpointConfig()
    """When an utterance begins and ends."""
    draft: DraftConfig = DraftConfig()
    """How far an answer is prepared before the utterance is known to be over."""

    @property
    def chats(self) -> tuple[str, ...]:
        """Return the ids of its chat models, the preferred one first."""
        return tuple(model for tier in self.tiers for model in tier)

    @property
    def tiers(self) -> tuple[tuple[str, ...], ...]:
        """Return the ids of its chat models in order of preference, with those together that are equals."""
        return tiers(self.chat)

    @property
    def ears(self) -> tuple[str, ...]:
        """Return the ids of its speech recognisers, the preferred one first; none where it is only written to."""
        return listed(self.stt)

    @property
    def voices(self) -> tuple[str, ...]:
        """Return the ids of its voices, the preferred one first; none where it only writes."""
        return listed(self.tts)


class DeviceConfig(Section, frozen=True, kw_only=True):
    """A place with a microphone and a speaker."""

    source: str = "microphone"
    """Model id of the source."""
    sink: str = "speaker"
    """Model id of the sink."""
    wake: str = "wake"
    """Model id of the wake words."""
    vad: str = "vad"
    """Model id of the voice activity detector."""
    area: str = ""
    """Room it stands in, as the home names it: "turn on the light" is meant for that room. Empty for the device's own
    name."""
    echo: str = ""
    """Model id of the echo canceller, which lets people talk into a reply; without one only a wake word or a stop word
    ends it."""
    person: str = ""
    """Whose device it is, where nobody else is heard there: that person is known, and may ask for what is sensitive.
    Empty: who speaks here is not known."""
    assistants: list[str] = []
    """Assistants that can be called here; empty for all."""
    remote_unmute: bool = False
    """Whether a muted microphone may be opened again from another machine."""
    duck: Share = 0.4
    """Share of their volume, 0 to 1, to which other programs are lowered while somebody is served here, on the default
    output of PulseAudio or PipeWire; 1 leaves them alone."""
