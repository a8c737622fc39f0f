"""Ask the daemon that runs on this machine's state folder, through its HTTP door, with the local key."""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant import errors
from assistant.access.owner import api_key
from assistant.errors import AssistantError, ServiceError
from assistant.paths import state_folder
from assistant.state.lock import Owner, owner

if TYPE_CHECKING:
    from assistant.cli import Settings

__all__ = ["ask_daemon", "failure", "trust", "unreachable"]

_KINDS = {kind("").code: kind for kind in (getattr(errors, name) for name in errors.__all__)}


def ask_daemon(settings: "Settings", method: str, path: str, body: Any = None, timeout: float = 30.0) -> Any | None:
    """Return the JSON that the running daemon answers to a request with the JSON *body*; None where none runs.

    Raises ServiceError where one runs and cannot be asked, or refuses, and what failed in it.
    """
    running = owner(state_folder())
    if running is None:
        return None
    if not running.address:
        raise ServiceError(
            f"a daemon runs (process {running.pid}) whose HTTP door is closed",
            hint="stop it first, or open the door: http.enabled",
        )
    where = urlsplit(running.address)
    connection = _connection(where.scheme, where.hostname or "", where.port, timeout)
    try:
        key = api_key(settings.load().config.http)
        content = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request(method, path, content, headers=headers)
        answer = connection.getresponse()
        answered = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise unreachable(running, error) from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise failure(answered.get("error", {"message": answer.reason}))
    return answered


def failure(told: Mapping[str, str]) -> AssistantError:
    """Return what went wrong in the daemon as the error that it would be here, and what it refuses as ServiceError."""
    message, hint = told.get("message", ""), told.get("hint", "")
    if (kind := _KINDS.get(told.get("code", ""))) is not None:
        error: AssistantError = kind(message, hint=hint)
        return error
    return ServiceError(f"the daemon refuses: {message}", hint=hint)


def unreachable(running: Owner, error: Exception) -> ServiceError:
    """Return what to say of a daemon that runs and does not answer."""
    return ServiceError(
        f"the daemon (process {running.pid}) does not answer at {running.address}: {error or type(error).__name__}",
        hint="`journalctl -u inglenook` shows its log; /healthz tells whether it is alive",
    )


def trust() -> ssl.SSLContext:
    """Return how a daemon on this machine is known whose door has TLS.

    The certificate is for the names by which others call it, and is not checked: what goes to one's own address does
    not leave the machine, and the lock tells which process listens there.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> HTTPConnection:
    if scheme != "https":
        return HTTPConnection(host, port, timeout=timeout)
    return HTTPSConnection(host, port, timeout=timeout, context=trust())
