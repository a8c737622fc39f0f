"""What goes wrong between here and another server, as errors that a person can act on."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import EngineBusy, EngineError, EngineTimeout, EngineUnavailable, UnfitRequest
from assistant.providers.spec import Provider

__all__ = ["ProviderFaults"]

_HOST = re.compile(r"\bhost (header|not allowed)|invalid host", re.IGNORECASE)
_SAID = 200
"""Characters of what a server says of an error that are shown."""
_NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.ETIMEDOUT)
"""Why there is no way to a machine."""


@dataclass(frozen=True, slots=True)
class ProviderFaults:
    """The errors of one server. What raises them is of whatever library speaks HTTP; what they say is the same."""

    provider: Provider
    """The server."""
    model: str = ""
    """What is asked, where it is a model."""
    usual: str = ""
    """What is to be known of endpoints of its type: `for most servers it ends in /v1`."""

    def of_connection(self, error: BaseException) -> EngineError:
        """Return the error of a connection that was not made, or broke off, by what caused it."""
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = getattr(cause, "verify_message", str(cause.args[-1]))  # aiohttp has an error of its own
                return EngineUnavailable(
                    f"{self.provider}: its certificate is not trusted: {why}",
                    hint="is this machine's clock right? A certificate of your own belongs into the system's store",
                )
            if isinstance(cause, ssl.SSLError):
                return EngineUnavailable(f"{self.provider} speaks no TLS that is safe", hint="is it http:// instead?")
            if isinstance(cause, socket.gaierror):
                return self.unknown()
            if isinstance(cause, ConnectionRefusedError):
                return EngineUnavailable(
                    f"{self.provider} refused the connection", hint="is the server running, on that port?"
                )
            if isinstance(cause, OSError) and cause.errno in _NO_WAY:
                return self.unreachable()
        return EngineError(f"{self.provider} broke the connection off", hint="its own log may say why")

    def unknown(self) -> EngineError:
        """Return the error of a host that has no address."""
        return EngineUnavailable(f"{self.provider}: nobody knows that host", hint=self._endpoint)

    def unreachable(self) -> EngineError:
        """Return the error of a machine that does not answer at all."""
        return EngineUnavailable(
            f"{self.provider} cannot be reached", hint="is that machine awake, and on this network?"
        )

    def silent(self) -> EngineError:
        """Return the error of a server that was given time and used it up."""
        return EngineTimeout(
            f"{self.provider} made no progress in {self.provider.config.parameters.timeout:g} s",
            hint=f"a large model may need more: providers.{self.provider.name}.parameters.timeout",
        )

    def of_status(self, status: int, body: Any, headers: Mapping[str, str]) -> EngineError:
        """Return the error of an answer above 299, from its *body*, decoded where it is JSON, and its *headers*."""
        said = self.said(body)
        more = f": {said}" if said else ""
        if 300 <= status < 400:
            host = urlsplit(headers.get("location", "")).netloc or "another page"
            return EngineUnavailable(
                f"{self.provider} sends requests on to {host[:100]!a}, which is not followed", hint=self._endpoint
            )
        if status in (400, 403) and _HOST.search(said):
            return EngineUnavailable(
                f"{self.provider} does not answer by that name ({status}){more}",
                hint="its settings list the host names that it trusts: add this one, or use its address",
            )
        if status in (401, 403):
            return EngineUnavailable(
                f"{self.provider} does not accept the key ({status})", hint=f"providers.{self.provider.name}.api_key"
            )
        if status in (404, 405):
            gone = self.model and (self.model in said or "model" in said)
            what = f"has no model {self.model}" if gone else "has no such page"
            return EngineUnavailable(
                f"{self.provider} {what} ({status}){more}",
                hint=f"`assistant check` asks it for its models; {self._endpoint}",
            )
        if status in (429, 503):
            after = headers.get("retry-after", "")
            hint = f"it asks for {after} s of patience" if after.isdecimal() else "try again later"
            return EngineBusy(f"{self.provider} is busy ({status}){more}", hint=hint)
        if status in (408, 504):
            return EngineTimeout(f"{self.provider} gave up waiting ({status})", hint="its own log may say why")
        if status < 500:
            return UnfitRequest(
                f"{self.provider} refused the request ({status}){more}", hint="another model may take it"
            )
        return EngineError(f"{self.provider} failed ({status}){more}", hint="its own log says more")

    def failed(self, error: Any) -> EngineError:
        """Return the error that a server tells in the middle of an answer."""
        return EngineError(
            f"{self.provider} failed at the reply: {self.said(error) or 'it does not say why'}",
            hint="its own log says more",
        )

    def strange(self, what: str) -> EngineError:
        """Return the error of an answer that is none of the kind that was asked for; *what* it is instead."""
        return EngineError(
            f"{self.provider} answered with {what[:60]}, and not as a server of models does",
            hint=f"is `type` the right one for it? {self._endpoint}",
        )

    def no_part(self, error: Exception) -> EngineError:
        """Return the error of a piece of a reply that cannot be read."""
        return EngineError(
            f"{self.provider} sent what is no part of a reply: {self.said(str(error))}",
            hint="is `type` the right one for this server?",
        )

    def broke_off(self) -> EngineError:
        """Return the error of a reply that ends before it is over."""
        return EngineError(f"{self.provider} broke its reply off", hint="its own log may say why")

    def too_much(self, most: int) -> EngineError:
        """Return the error of an answer of more than *most* bytes."""
        return EngineError(f"{self.provider} sent more than {most} bytes", hint="is it a server of models?")

    def packed(self) -> EngineError:
        """Return the error of an answer that is compressed: a small one could unpack into a large one."""
        return EngineError(
            f"{self.provider} packs its answers, which was not asked for",
            hint="what stands before it, a reverse proxy perhaps, must not compress",
        )

    def said(self, body: Any) -> str:
        """Return what a server says of an error, short, printable and without secrets; empty for pages for people."""
        told = body
        for _ in range(2):  # FastAPI and KoboldCpp put it into `detail`, most others into `error`
            if isinstance(told, dict):
                told = next((told[key] for key in ("message", "msg", "error", "detail") if told.get(key)), "")
        if not isinstance(told, str) or told.lstrip()[:1] == "<":
            return ""
        text = "".join(char if char.isprintable() else " " for char in told[:2000])
        config = self.provider.config
        for secret in filter(None, (config.api_key, *config.parameters.headers.values())):
            text = text.replace(secret, "…")
        return text[:_SAID].strip()

    @property
    def _endpoint(self) -> str:
        return f"providers.{self.provider.name}.endpoint says where it is{self.usual and f'; {self.usual}'}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came of; anyio hides what each address of a host said in a group."""
    if error is None:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _causes(part)
    yield from _causes(error.__cause__ or error.__context__)
