"""The owner's key, which programs on this machine use: made at the first start, readable by its owner only."""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from assistant.config.doors import HttpConfig
from assistant.errors import ServiceError
from assistant.paths import state_folder

__all__ = ["api_key", "same_key"]


def api_key(config: HttpConfig) -> str:
    """Return the configured key, or else the one in the state folder, which is made where it is missing.

    Raises ServiceError where the file can be neither read nor written.
    """
    if config.key:
        return config.key
    file = state_folder() / "api-key"
    try:
        if file.exists() and (key := file.read_text("utf-8", "replace").strip()):
            return key
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _make(file)
    except OSError as error:
        raise ServiceError(f"{file}: {error.strerror}", hint="check the permissions of the state folder") from None


def _make(file: Path) -> str:
    key = secrets.token_urlsafe(32)
    part, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # readable by the owner only
    with os.fdopen(part, "w", encoding="ascii") as out:
        out.write(key + "\n")
        out.flush()
        os.fsync(out.fileno())
    Path(name).rename(file)
    return key


def same_key(given: str, wanted: str) -> bool:
    """Compare keys in a time that does not depend on where they differ, or on their lengths."""
    digests = [hashlib.sha256(key.encode(errors="surrogateescape")).digest() for key in (given, wanted)]
    return bool(wanted) and hmac.compare_digest(*digests)
