"""The section of another server of models in the configuration."""

from typing import Annotated, Any, Literal

import msgspec

__all__ = ["ModelTraits", "ProviderConfig", "ProviderParameters"]

_Header = Annotated[str, msgspec.Meta(pattern=r"^[^\r\n\0]*$", max_length=4096)]
_Path = Annotated[str, msgspec.Meta(pattern=r"^[\w.~%/-]*$", max_length=200)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the configuration: unknown keys are errors."""


class ModelTraits(_Section, frozen=True, kw_only=True):
    """What the owner knows of a provider's model; what is left empty is what the server tells, or the type's guess."""

    kind: Literal["chat", "embed", "stt", "tts"] | None = None
    """What it is for: to write, to place texts, to write down what is said, to speak."""
    tools: bool | None = None
    """Whether it can call tools."""
    images: bool | None = None
    """Whether it sees images."""
    schema: bool | None = None
    """Whether it can be held to a JSON schema."""
    rank: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """How able it is compared with others: parameters in millions."""
    context: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Tokens that a request to it and its reply may have together."""
    parallel: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    """How many replies it writes at once; `balance: weighted` gives it that share."""
    continues: bool | None = None
    """Whether it goes on with a reply that was begun, where a conversation ends with one."""
    tells_calls: bool | None = None
    """Whether a call of a tool comes piece by piece, so that a pause while tools are offered is no call."""
    good_at: list[str] | None = None
    """Tasks for which it is asked first: `chat`, `tools`, `vision`, or what you call them, as `code` in
    `assistants.NAME.task`."""
    price: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """What a million tokens cost, for `strategy: cost`."""
    languages: list[str] | None = None
    """BCP-47 tags that it knows; an embedding model finds paraphrases in these only."""
    times: bool | None = None
    """Whether a speech recogniser tells when something was said (`verbose_json`)."""
    voices: list[Annotated[str, msgspec.Meta(min_length=1, max_length=100)]] | None = None
    """Voices that it can speak with, the one it speaks with first."""


class ProviderParameters(_Section, frozen=True, kw_only=True):
    """How a server is spoken to."""

    timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    """Seconds to the first word of a reply, and from each to the next; a turn has less patience (`timeouts.chat`)."""
    max_retries: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    """Times that a request is repeated which failed before an answer began. None is quickest where another model can
    answer instead."""
    streaming_support: bool | None = None
    """Whether replies come word by word; empty for what servers of the type do."""
    headers: dict[str, _Header] = {}
    """Further headers of each request; their values are never shown."""
    model_endpoint: _Path = ""
    """Path that lists the models, below the endpoint; empty for the type's own."""
    chat_endpoint: _Path = ""
    """Path that writes replies, below the endpoint; empty for the type's own."""


class ProviderConfig(_Section, frozen=True, kw_only=True):
    """Another server of models, such as one on a stronger machine."""

    type: str
    """What server it is: `assistant providers types` lists what plugins know."""
    endpoint: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$", max_length=500)] = ""
    """Where it is: `http://192.168.1.20:8000/v1`; empty for the type's usual place on this machine."""
    api_key: _Header = ""
    """Key that it asks for: `${NAME}` or `${file:PATH}`."""
    models: list[Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[!-~]+$")]] = []
    """Its models that are used, by its own names; empty for all that it lists."""
    enabled: bool = True
    """Whether it is used."""
    wake: Annotated[str, msgspec.Meta(pattern=r"^([0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5})?$")] = ""
    """Hardware address of its machine, `aa:bb:cc:dd:ee:ff`: it is woken (wake-on-LAN) when it is wanted and asleep."""
    announce: list[str] = []
    """Devices at which it is said when it has been away for a minute, and when it is back; none by default."""
    gateway: bool = False
    """Whether it hands on what it is asked to other machines: then it counts as remote even on this one."""
    capabilities: dict[str, ModelTraits] = {}
    """What its models can do, by its own names, where it does not tell."""
    parameters: ProviderParameters = ProviderParameters()
    """How it is spoken to."""
    options: dict[str, Any] = {}
    """What only servers of its type have: the page of the plugin that knows the type lists it."""
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    """Least severe message about it that is shown; empty for `log.level`."""

    def __repr__(self) -> str:
        """Return no more than what it is and where: the rest holds secrets."""
        return f"ProviderConfig(type={self.type!r}, endpoint={self.endpoint!r})"
