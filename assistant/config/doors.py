"""How programs and other devices come in: the HTTP door, what it keeps and limits, names of models, the network."""

from typing import Annotated

import msgspec

from assistant.access.caller import Scope
from assistant.config.section import Balance, Id, Seconds, Section, Strategy, Tier, tiers

__all__ = ["AliasConfig", "CacheConfig", "HttpConfig", "LanConfig", "LimitsConfig"]

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
    """Requests that may wait for a model; one more is told to come again later, unless none of them has the
    same key."""
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

    model: Id | Annotated[list[Tier], msgspec.Meta(min_length=1)]
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
        return tiers(self.model)

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
