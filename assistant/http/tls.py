"""TLS 1.3 by certificate files, which are read again when they change: certificates are renewed while a daemon runs."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.config.doors import HttpConfig
from assistant.errors import ConfigError
from assistant.http.validity import Validity, validity

__all__ = ["RENEW", "Tls"]

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between two looks at the files."""
RENEW = "put a new one in its place, which needs no restart, or set this machine's clock right"
"""What is to be done about a certificate that is not valid."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was read from the files."""

    context: ssl.SSLContext
    """What shows the certificate."""
    validity: Validity | None
    """When it is valid; None where it does not tell."""


class Tls:
    """The certificate that is shown now."""

    def __init__(self, certificate: Path, key: Path, wall: Callable[[], float] = time.time) -> None:
        self._files = certificate, key
        self._wall = wall
        self._seen = self._look()
        self._now = self._read()
        self._told = ""
        self.context = self._read().context
        """What a server is given; each handshake then takes the certificate of that moment."""
        self.context.sni_callback = self._choose

    @classmethod
    def of(cls, config: HttpConfig) -> "Tls | None":
        """Read the files that the configuration names; None where it names none.

        Raises ConfigError where one is missing or cannot be read, and where they do not belong together.
        """
        if not config.certificate and not config.certificate_key:
            return None
        if not config.certificate or not config.certificate_key:
            missing = "certificate" if config.certificate_key else "certificate_key"
            raise ConfigError(f"http.{missing}: is missing", hint="TLS needs both, or set neither for plain HTTP")
        return cls(Path(config.certificate).expanduser(), Path(config.certificate_key).expanduser())

    def wrong(self) -> str:
        """Return what is wrong with the certificate that is shown now: clients refuse it; empty where nothing is."""
        shown = self._now.validity
        wrong = shown.wrong(datetime.fromtimestamp(self._wall(), UTC)) if shown else ""
        return f"{self._files[0]} {wrong}" if wrong else ""

    async def follow(self) -> None:
        """Read the files again whenever they change, until cancelled; what cannot be used is said once."""
        while True:
            self._warn()
            await asyncio.sleep(_LOOK)
            if (seen := await asyncio.to_thread(self._look)) == self._seen:
                continue
            self._seen = seen
            try:
                self._now = await asyncio.to_thread(self._read)
            except ConfigError as error:  # perhaps only one of the two was written yet
                log.warning("%s: the certificate of before is still shown", error)
            else:
                log.info("%s: the new certificate is shown from now on", self._files[0])
                self._told = ""

    def _warn(self) -> None:
        """Say what is wrong with the certificate, once."""
        if (wrong := self.wrong()) and wrong != self._told:
            log.warning("http.certificate: %s: clients refuse it (%s)", wrong, RENEW)
        self._told = wrong

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._now.context

    def _look(self) -> tuple[object, ...]:
        """Return what differs once one of the files is written anew, or another is put in its place."""
        return tuple(_state(file) for file in self._files)

    def _read(self) -> _Shown:
        """Return a context with the certificate of the files, and when that is valid; raises ConfigError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        certificate, key = self._files
        written = {}
        for name, file in (("certificate", certificate), ("certificate_key", key)):
            try:
                written[name] = file.read_bytes()
            except OSError as error:
                raise ConfigError(
                    f"http.{name}: {file}: {error.strerror}", hint="check the path, and who may read the file"
                ) from None
        try:
            context.load_cert_chain(certificate, key, password=_no_passphrase)
        except (ssl.SSLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or str(error)
            what = "do not belong together" if reason == "KEY_VALUES_MISMATCH" else "cannot be used"
            raise ConfigError(
                f"http.certificate: {certificate} and http.certificate_key: {key} {what} ({reason})",
                hint="both must be PEM, the key that of the first certificate, and without a passphrase",
            ) from None
        return _Shown(context, validity(written["certificate"]))


def _no_passphrase() -> str:
    """Refuse to ask for a passphrase, for which a daemon would wait in vain."""
    raise ValueError("the key has a passphrase")


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
