"""The key that programs on this machine use: made at the first start, readable by its owner only."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from assistant.config.schema import HttpConfig
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
        if file.exists():
            return file.read_text("ascii").strip()
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _make(file)
    except OSError as error:
        raise ServiceError(f"{file}: {error.strerror}", hint="check the permissions of the state folder") from None


def _make(file: Path) -> str:
    key = secrets.token_urlsafe(32)
    whole = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write(key + "\n")
        out.flush()
        os.fsync(out.fileno())
    whole.rename(file)
    return key


def same_key(given: str, wanted: str) -> bool:
    """Compare keys in a time that does not depend on where they differ, or on their lengths."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(wanted.encode()).digest())
