"""Certificates of the tests, made by OpenSSL's own command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Certificate", "certificate"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was signed by nobody but itself, and its key."""

    certificate: Path
    """PEM file."""
    key: Path
    """PEM file."""


def certificate(folder: Path, name: str, *, passphrase: str = "") -> Certificate:
    """Make a certificate for `localhost` and 127.0.0.1; *name* is its common name."""
    files = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    lock = ["-passout", f"pass:{passphrase}"] if passphrase else ["-noenc"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *lock]
    command += ["-keyout", str(files.key), "-out", str(files.certificate), "-days", "2", "-subj", f"/CN={name}"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return files
