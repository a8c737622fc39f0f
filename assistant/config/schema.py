"""The configuration as frozen structs. Every key has a docstring; docs/config.md is kept complete by a test."""

from typing import Annotated, Any, Literal

import msgspec

from assistant import durations
from assistant.access.caller import Scope
from assistant.providers.config import ProviderConfig

__all__ = [
    "AssistantConfig",
    "AuditConfig",
    "Config",
    "ConversationConfig",
    "DeviceConfig",
    "DraftConfig",
    "EndpointConfig",
    "HistoryConfig",
    "HttpConfig",
    "LanConfig",
    "LimitsConfig",
    "LogConfig",
    "ModelSection",
    "PluginsConfig",
    "Section",
    "TimeoutConfig",
]

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the configuration: unknown keys are errors."""


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


Strategy = Literal["order", "performance", "accuracy", "cost", "private"]
"""What chat models are chosen by."""
Balance = Literal["least_busy", "round_robin", "fastest", "weighted"]
"""How requests are shared among equals."""
_Id = Annotated[str, msgspec.Meta(min_length=1)]
_Tier = str | Annotated[list[_Id], msgspec.Meta(min_length=1)]


def _listed(models: str | list[str]) -> tuple[str, ...]:
    """Return ids in order of preference; none where nothing is named."""
    return ((models,) if models else ()) if isinstance(models, str) else tuple(models)


def _tiers(models: "str | list[_Tier]") -> tuple[tuple[str, ...], ...]:
    """Return ids in order of preference, with those together that are equals."""
    every = models if isinstance(models, list) else [models] if models else []
    return tuple((tier,) if isinstance(tier, str) else tuple(tier) for tier in every)


class AssistantConfig(Section, frozen=True, kw_only=True):
    """One assistant: who answers to which wake words, with which models."""

    wake: list[str] = []
    """Wake words it answers to, as the wake models name them."""
    language: str = "en"
    """BCP-47 tag of the language it speaks and expects; `auto` takes what the speech recogniser hears."""
    stt: str | list[_Id] = "stt"
    """Model id of the speech recogniser, or several in order of preference: the first that knows the language hears,
    and the next where one fails or its server is asleep. Empty for an assistant that is only written to."""
    chat: str | list[_Tier] = "chat"
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
        return _tiers(self.chat)

    @property
    def ears(self) -> tuple[str, ...]:
        """Return the ids of its speech recognisers, the preferred one first; none where it is only written to."""
        return _listed(self.stt)

    @property
    def voices(self) -> tuple[str, ...]:
        """Return the ids of its voices, the preferred one first; none where it only writes."""
        return _listed(self.tts)


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


_Origin = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9+.-]*://[^/*\s]+$")]
_Host = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$")]


class LimitsConfig(Section, frozen=True, kw_only=True):
    """How much may be asked for. The owner's key is not limited on this machine."""

    minute: Annotated[int, msgspec.Meta(ge=0)] = 60
    """Requests a minute of one key, and of one address, for what one scope opens; 0 for any number."""
    burst: Annotated[int, msgspec.Meta(ge=1)] = 30
    """Requests that may come at once after a while of quiet."""
    scopes: dict[Scope, Annotated[int, msgspec.Meta(ge=0)]] = {}
    """Other numbers of requests a minute by scope: `{chat: 120, audio: 30}`."""


class CacheConfig(Section, frozen=True, kw_only=True):
    """Replies that are kept in memory for programs that ask the same again."""

    size: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    """Bytes that they may take; 0 keeps none."""
    lifetime: Seconds = 3600.0
    """Seconds for which each is kept."""
    embed: str = ""
    """Id of a model that tells whether a question is one that was asked before, put otherwise; empty for nobody: only
    the same request counts."""
    likeness: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.93
    """How near the two must be to each other by it."""


class HttpConfig(Section, frozen=True, kw_only=True):
    """The HTTP door."""

    enabled: bool = True
    """Whether it is open."""
    host: str = "127.0.0.1"
    """Address to listen on; anything but loopback needs `http.key`."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8420
    """Port to listen on; 0 for any free one."""
    key: str = ""
    """Key that requests must carry (`Authorization: Bearer …`); empty for one that is made at the first start and
    kept in the state folder, for this machine's owner only."""
    hosts: list[str] = []
    """Further host names by which this machine is called; loopback names and addresses always are."""
    origins: list[_Origin] = []
    """Other sites whose pages may ask, in a browser: `https://chat.example`; none by default."""
    certificate: str = ""
    """File with the certificate for TLS 1.3, in PEM, those that it was signed by after it; empty for plain HTTP."""
    certificate_key: str = ""
    """File with the key of the certificate, in PEM, without a passphrase."""
    limits: LimitsConfig = LimitsConfig()
    """How much may be asked for."""
    connections: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    """Connections that may be open at once; one address other than this machine's may have half of them."""
    queue: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 16
    """Requests that may wait for a model; one more is told to come again later."""
    wait: Seconds = 120.0
    """Seconds that a model may make no progress with a request."""
    longest: Seconds = 3600.0
    """Seconds of sound that a request may hold."""
    media: list[_Host] = []
    """Hosts from which pictures that a request names may be fetched, by HTTPS: `pictures.example`, `nas.lan:8443`; none
    by default. An address that is not public must be listed, too."""
    cache: CacheConfig = CacheConfig()
    """Replies that are given again; none by default."""


class AliasConfig(Section, frozen=True, kw_only=True):
    """Another name of a model, for programs that ask for one that is not here."""

    model: _Id | Annotated[list[_Tier], msgspec.Meta(min_length=1)]
    """Id of the model that answers; of chat models and of speech recognisers it may be several, as in
    `assistants.NAME.chat`."""
    strategy: Strategy = "order"
    """What chat models are chosen by, as in `assistants.NAME.strategy`."""
    task: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """What it is asked for, as in `assistants.NAME.task`; empty for `vision` where there are pictures, `tools` where
    tools are offered, and `chat` otherwise."""
    balance: Balance = "least_busy"
    """How chat models that are equals share the work, as in `assistants.NAME.balance`."""
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    """Temperature where a request gives none; empty for the model's own."""
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    """Total probability of the tokens that are kept, where a request gives none; empty for the model's own."""
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Tokens after which a reply is cut, where a request gives none; empty for the door's own."""

    @property
    def tiers(self) -> tuple[tuple[str, ...], ...]:
        """Return the ids of its models in order of preference, with those together that are equals."""
        return _tiers(self.model)

    @property
    def models(self) -> tuple[str, ...]:
        """Return the ids of its models, the preferred one first."""
        return tuple(model for tier in self.tiers for model in tier)


class LanConfig(Section, frozen=True, kw_only=True):
    """How other devices on the local network find this one."""

    advertise: bool = True
    """Whether the HTTP door is advertised on the networks on which it is open; on loopback it is on none."""
    name: Annotated[str, msgspec.Meta(max_length=48)] = ""
    """Name that people see there; empty for the host's name."""


class PluginsConfig(Section, frozen=True, kw_only=True):
    """Which plugins are loaded."""

    disabled: list[str] = []
    """Plugins that are not loaded, by name."""
    required: list[str] = []
    """Plugins without which the daemon refuses to start."""
    folder: str = ""
    """Folder of single-file plugins; empty for `plugins` in the data folder."""


class TimeoutConfig(Section, frozen=True, kw_only=True):
    """How long a stage of a turn may make no progress before the assistant says sorry."""

    stt: Seconds = 4.5
    """Seconds from the end of an utterance to its transcript."""
    chat: Seconds = 4.5
    """Seconds to the next words of a reply; a large model on a slow machine may need more than the default."""
    tts: Seconds = 4.5
    """Seconds to the sound of a clause."""
    vision: Seconds = 30.0
    """Seconds a look at an image may take."""
    tool: Seconds = 10.0
    """Seconds a tool may take."""
    open: Seconds = 120.0
    """Seconds an engine may take to load."""


class ConversationConfig(Section, frozen=True, kw_only=True):
    """What is remembered between turns. It is kept in memory only."""

    expiry: Seconds = 300.0
    """Seconds of quiet after which a conversation is forgotten."""
    messages: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 24
    """Messages after which the older half is dropped."""


class HistoryConfig(Section, frozen=True, kw_only=True):
    """What is kept of what was said. Nothing is, unless a time is given here."""

    keep: Annotated[str, msgspec.Meta(pattern=f"^({durations.PATTERN})?$")] = ""
    """How long what was said and answered is kept, as text: `12h`, `7d`, `4w`; empty for not at all. What is older, or
    was kept before this was emptied, is deleted."""

    @property
    def seconds(self) -> int:
        """Return how long it is kept; 0 for not at all."""
        return durations.seconds(self.keep) if self.keep else 0


class AuditConfig(Section, frozen=True, kw_only=True):
    """The audit log: who used which key, what tools did, what was changed; nothing of what was said."""

    keep: Annotated[str, msgspec.Meta(pattern=f"^({durations.PATTERN})?$")] = "90d"
    """How long an entry is kept, to a day: `30d`, `52w`; empty for none, which deletes those that there are."""

    @property
    def seconds(self) -> int:
        """Return how long an entry is kept; 0 for not at all."""
        return durations.seconds(self.keep) if self.keep else 0


class LogConfig(Section, frozen=True, kw_only=True):
    """What is logged, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe message that is shown."""


class ModelSection(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `models:` before its engine has validated the options."""

    engine: str
    """Engine that runs it, as a plugin names it."""
    options: dict[str, Any] = {}
    """The other keys of the entry; the engine's own struct validates them."""


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration."""

    models: dict[str, ModelSection] = {}
    """Models by id: `{engine: NAME, …options of the engine}`."""
    assistants: dict[str, AssistantConfig] = {}
    """Assistants by name; the first is the default one."""
    devices: dict[str, DeviceConfig] = {}
    """Devices by name: each is listened to while the daemon runs."""
    aliases: dict[str, AliasConfig] = {}
    """Other names of models, for programs: `{gpt-4o-mini: {model: chat}}`."""
    providers: dict[str, ProviderConfig] = {}
    """Other servers of models by name; a model there is called `NAME/MODEL` here."""
    services: dict[str, dict[str, Any]] = {}
    """Sections of the long-running doors that plugins offer, by the service's name."""
    http: HttpConfig = HttpConfig()
    """The HTTP door."""
    lan: LanConfig = LanConfig()
    """How other devices on the local network find this one."""
    plugins: PluginsConfig = PluginsConfig()
    """Which plugins are loaded."""
    timeouts: TimeoutConfig = TimeoutConfig()
    """How long a stage of a turn may make no progress."""
    conversation: ConversationConfig = ConversationConfig()
    """What is remembered between turns."""
    history: HistoryConfig = HistoryConfig()
    """What is kept of what was said."""
    audit: AuditConfig = AuditConfig()
    """The audit log."""
    log: LogConfig = LogConfig()
    """What is logged."""
