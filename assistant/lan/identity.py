"""Who this machine is on the network: an id that stays, and a name that people read."""

import os
import re
import secrets
import socket
import tempfile
from pathlib import Path

from assistant.errors import ServiceError
from assistant.lan.text import clean
from assistant.paths import state_folder

__all__ = ["host_name", "instance_id", "is_id", "label", "shown_name"]

_ID = re.compile("[0-9a-f]{32}")
_LABEL = 63
"""Bytes of one part of a DNS name (RFC 1035, section 2.3.4)."""


def is_id(text: str) -> bool:
    """Tell whether *text* is an id as `instance_id` makes them."""
    return _ID.fullmatch(text) is not None


def instance_id(*, make: bool = True) -> str:
    """Return this machine's id, 32 hexadecimal digits from the state folder, where it is made at the first call.

    It is random and says nothing of the machine. Where *make* is False and there is none, it is empty.
    Raises ServiceError where the file can be neither read nor written.
    """
    file = state_folder() / "instance-id"
    try:
        if file.exists() and is_id(found := file.read_text("ascii", "replace").strip()):
            return found
        return _make(file) if make else ""
    except OSError as error:
        raise ServiceError(f"{file}: {error.strerror}", hint="check the permissions of the state folder") from None


def _make(file: Path) -> str:
    made = secrets.token_hex(16)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    with os.fdopen(part, "w", encoding="ascii") as out:
        out.write(made + "\n")
        out.flush()
        os.fsync(out.fileno())
    Path(name).rename(file)
    return made


def shown_name(configured: str) -> str:
    """Return the name that people see: the configured one, or the host's."""
    return clean(configured, _LABEL) or clean(socket.gethostname().partition(".")[0], _LABEL) or "assistant"


def label(name: str, id_: str, number: int = 1) -> str:
    """Return the first part of the advert's name: `kitchen (3f2a9c)`, so that boxes of one name do not meet.

    *number* tells copies of one machine apart, which have its id too.
    """
    suffix = f" ({id_[:6]})" if number == 1 else f" ({id_[:6]}-{number})"
    room = _LABEL - len(suffix)
    name = name.replace(".", " ").encode()[:room].decode(errors="ignore")  # dots part DNS names
    return f"{name.strip()}{suffix}"


def host_name(id_: str, number: int = 1) -> str:
    """Return the host name that the advert gives: not the machine's own, for which another program here may answer."""
    return f"inglenook-{id_[:12]}{'' if number == 1 else f'-{number}'}.local"
