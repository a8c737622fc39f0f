"""Certificates of the tests, made by OpenSSL's own command."""

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

__all__ = ["Certificate", "certificate", "certificate_of"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was signed by nobody but itself, and its key."""

    certificate: Path
    """PEM file."""
    key: Path
    """PEM file."""


_AUTHORITY = """
[ca]
default_ca = itself
[itself]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
basicConstraints = critical, CA:TRUE
subjectAltName = DNS:localhost, IP:127.0.0.1
"""


def certificate(folder: Path, name: str, *, passphrase: str = "") -> Certificate:
    """Make a certificate for `localhost` and 127.0.0.1; *name* is its common name."""
    files, request = _request(folder, name, passphrase)
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    _openssl(*request, "-x509", "-days", "2", *names, "-out", str(files.certificate))
    return files


def certificate_of(folder: Path, name: str, since: datetime, until: datetime) -> Certificate:
    """Make a certificate as `certificate` does, which is valid *since* and *until* then, in UTC."""
    files, request = _request(folder, name)
    (folder / "index.txt").touch()
    (folder / "authority.cnf").write_text(_AUTHORITY.format(folder=folder))
    wanted = folder / f"{name}.csr"
    _openssl(*request, "-new", "-out", str(wanted))
    signed = ["ca", "-selfsign", "-batch", "-notext", "-config", str(folder / "authority.cnf")]
    dates = ["-startdate", f"{since:%Y%m%d%H%M%SZ}", "-enddate", f"{until:%Y%m%d%H%M%SZ}"]
    _openssl(*signed, *dates, "-keyfile", str(files.key), "-in", str(wanted), "-out", str(files.certificate))
    return files


def _request(folder: Path, name: str, passphrase: str = "") -> tuple[Certificate, list[str]]:
    """Return where the files are to be, and how a key is made and a certificate asked for."""
    files = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    lock = ["-passout", f"pass:{passphrase}"] if passphrase else ["-noenc"]
    command = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *lock]
    return files, [*command, "-keyout", str(files.key), "-subj", f"/CN={name}"]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
