"""Ask the daemon that runs on this machine's state folder, through its HTTP door, with the local key."""

import json
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.access.owner import api_key
from assistant.errors import ServiceError
from assistant.paths import state_folder
from assistant.state.lock import owner

if TYPE_CHECKING:
    from assistant.cli import Settings

__all__ = ["ask_daemon"]


def ask_daemon(settings: "Settings", method: str, path: str, body: Any = None, timeout: float = 30.0) -> Any | None:
    """Return the JSON that the running daemon answers to a request with the JSON *body*; None where none runs.

    Raises ServiceError where one runs and cannot be asked, or refuses.
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
        raise ServiceError(
            f"the daemon (process {running.pid}) does not answer at {running.address}: {error}",
            hint="`journalctl -u inglenook` shows its log; /healthz tells whether it is alive",
        ) from None
    finally:
        connection.close()
    if answer.status >= 400:
        said = answered.get("error", {})
        raise ServiceError(f"the daemon refuses: {said.get('message', answer.reason)}", hint=said.get("hint", ""))
    return answered


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> HTTPConnection:
    """Return a connection to an address of this machine.

    The certificate of a door with TLS is for the names by which others call it, and is not checked: what goes to one's
    own address does not leave the machine, and the lock tells which process listens there.
    """
    if scheme != "https":
        return HTTPConnection(host, port, timeout=timeout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=timeout, context=context)
