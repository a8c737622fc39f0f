"""What went wrong between here and a server, as an error that a person can act on."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
import openai

from assistant import AssistantError, EngineBusy, EngineError, EngineTimeout, EngineUnavailable, Provider, UnfitRequest

__all__ = ["classified"]

_HOST = re.compile(r"\bhost (header|not allowed)|invalid host", re.IGNORECASE)


@contextmanager
def classified(provider: Provider, model: str = "") -> Iterator[None]:
    """Raise what openai and httpx2 raise as an EngineError that says what failed at which server, and what to do."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _of_status(error, provider, model) from None
    except (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError) as error:
        connecting = isinstance(error, httpx2.ConnectTimeout) or isinstance(error.__cause__, httpx2.ConnectTimeout)
        raise _silent(provider, connecting) from None
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        raise _of_connection(error, provider) from None
    except (openai.OpenAIError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise EngineError(f"{provider}: {type(error).__name__}: {error}") from error


def _silent(provider: Provider, connecting: bool) -> AssistantError:
    if connecting:
        return EngineUnavailable(f"{provider} cannot be reached", hint="is that machine awake, and on this network?")
    return EngineTimeout(
        f"{provider} made no progress in {provider.config.parameters.timeout:g} s",
        hint=f"a large model may need more: providers.{provider.name}.parameters.timeout",
    )


def _of_connection(error: Exception, provider: Provider) -> AssistantError:
    causes = [*_causes(error)]
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return EngineUnavailable(
                f"{provider}: its certificate is not trusted: {cause.verify_message}",
                hint="is this machine's clock right? A certificate of your own belongs into the system's store",
            )
        if isinstance(cause, ssl.SSLError):
            return EngineUnavailable(f"{provider} speaks no TLS that is safe", hint="is it http:// instead?")
        if isinstance(cause, socket.gaierror):
            return EngineUnavailable(f"{provider}: nobody knows that host", hint=_endpoint(provider))
        if isinstance(cause, ConnectionRefusedError):
            return EngineUnavailable(f"{provider} refused the connection", hint="is the server running, on that port?")
    if any(isinstance(cause, httpx2.ConnectError) for cause in causes):
        return EngineUnavailable(f"{provider} cannot be reached", hint="is that machine awake, and on this network?")
    return EngineError(f"{provider} broke the connection off", hint="its own log may say why")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came of; anyio hides what each address of a host said in a group."""
    if error is None:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _causes(part)
    yield from _causes(error.__cause__ or error.__context__)


def _of_status(error: openai.APIStatusError, provider: Provider, model: str) -> AssistantError:
    status, said = error.status_code, _said(error, provider)
    if 300 <= status < 400:
        host = urlsplit(error.response.headers.get("location", "")).netloc or "another page"
        return EngineUnavailable(
            f"{provider} sends requests on to {host[:100]!a}, which is not followed", hint=_endpoint(provider)
        )
    if status in (400, 403) and _HOST.search(said):
        return EngineUnavailable(
            f"{provider} does not answer by that name ({status}): {said}",
            hint="its settings list the host names that it trusts: add this one, or use its address",
        )
    if status in (401, 403):
        return EngineUnavailable(
            f"{provider} does not accept the key ({status})", hint=f"providers.{provider.name}.api_key"
        )
    if status in (404, 405):
        what = f"has no model {model}" if model and model in said else "has no such page"
        return EngineUnavailable(
            f"{provider} {what} ({status}){said and f': {said}'}",
            hint=f"`assistant check` asks it for its models; {_endpoint(provider)}",
        )
    if status in (429, 503):
        after = error.response.headers.get("retry-after", "")
        hint = f"it asks for {after} s of patience" if after.isdecimal() else "try again later"
        return EngineBusy(f"{provider} is busy ({status}){said and f': {said}'}", hint=hint)
    if status in (408, 504):
        return EngineTimeout(f"{provider} gave up waiting ({status})", hint="its own log may say why")
    if status < 500:
        return UnfitRequest(
            f"{provider} refused the request ({status}){said and f': {said}'}", hint="another model may take it"
        )
    return EngineError(f"{provider} failed ({status}){said and f': {said}'}", hint="its own log says more")


def _said(error: openai.APIStatusError, provider: Provider) -> str:
    """Return what the server says of an error, short, printable, and without the key."""
    body = error.body
    told = body.get("message") or body.get("detail") if isinstance(body, dict) else body
    if not isinstance(told, str) or told.lstrip()[:1] == "<":  # a page for people
        return ""
    text = "".join(char if char.isprintable() else " " for char in told[:2000])
    secrets = [provider.config.api_key, *provider.config.parameters.headers.values()]
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return text[:200].strip()


def _endpoint(provider: Provider) -> str:
    return f"providers.{provider.name}.endpoint says where it is; for most servers it ends in /v1"
