"""TLS by certificate files, which change while the door is open (T30)."""

import asyncio
import base64
import logging
import shutil
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from assistant import ConfigError
from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http import app, tls
from assistant.http.app import local_address, make_app, serve
from assistant.http.tls import Tls
from assistant.http.validity import validity
from tests.certificates import Certificate, certificate, certificate_of
from tests.running import CONFIG, Home

if shutil.which("openssl") is None:
    pytest.skip("there is no openssl to make certificates with", allow_module_level=True)


def _config(files: Certificate) -> HttpConfig:
    return HttpConfig(
        port=0, key="a key of the tests", certificate=str(files.certificate), certificate_key=str(files.key)
    )


@asynccontextmanager
async def served(config: HttpConfig) -> AsyncGenerator[str, None]:
    async with serve(make_app(config, EventBus(), dict, {}), config) as port:
        yield local_address(config, port)


def _trusting(files: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.certificate))


async def _shown(url: str) -> str:
    """Return the common name of the certificate that is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = url.removeprefix("https://").split(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return next(name for name in ("first", "second") if name.encode() in found)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_t30_the_door_speaks_tls_1_3_and_nothing_older(home: Path) -> None:
    files = certificate(home, "first")
    async with served(_config(files)) as url:
        assert url.startswith("https://127.0.0.1:")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/healthz", ssl=_trusting(files)) as answer:
                assert await answer.json() == {"status": "alive"}
            older = _trusting(files)
            older.maximum_version = ssl.TLSVersion.TLSv1_2
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"{url}/healthz", ssl=older)
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await session.get(f"{url}/healthz".replace("https", "http"))
            async with session.get(f"{url}/healthz", ssl=_trusting(files)) as answer:
                assert answer.status == 200


async def test_t6_who_does_not_begin_tls_is_not_waited_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_SILENCE", 0.3)
    async with served(_config(certificate(home, "first"))) as url:
        for begun in (b"", b"\x16\x03\x01\x02\x00\x01"):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
            writer.write(begun)
            async with asyncio.timeout(30):
                assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()


async def test_t30_a_renewed_certificate_is_shown_without_a_restart(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(tls, "_LOOK", 0.02)
    files, second = certificate(home, "first"), certificate(home, "second")
    async with served(_config(files)) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/healthz", ssl=_trusting(files)) as answer:
            assert answer.status == 200
        second.certificate.replace(files.certificate)
        await _until("do not belong together", caplog)
        assert await _shown(url) == "first", "only half of it is there"
        second.key.replace(files.key)
        await _until("the new certificate is shown", caplog)
        assert await _shown(url) == "second"
        files.certificate.unlink()
        await _until("No such file", caplog)
        assert await _shown(url) == "second"


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        (
            datetime(2020, 1, 2, tzinfo=UTC),
            datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC),
            "expired on 2021-03-04 05:06 UTC",
        ),
        (
            datetime(2049, 12, 31, tzinfo=UTC),
            datetime(2051, 1, 1, tzinfo=UTC),
            "is valid from 2049-12-31 00:00 UTC on only",
        ),
        (datetime(1999, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC), "expired on 2000-01-01 00:00 UTC"),
        (
            datetime(2050, 1, 1, tzinfo=UTC),
            datetime(2060, 1, 1, tzinfo=UTC),
            "is valid from 2050-01-01 00:00 UTC on only",
        ),
    ],
)
async def test_t30_a_certificate_that_is_not_valid_is_told_of_at_the_start_and_when_it_is_put_there(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    since: datetime,
    until: datetime,
    says: str,
) -> None:
    monkeypatch.setattr(tls, "_LOOK", 0.02)
    files, other = certificate_of(home, "first", since, until), certificate(home, "second")
    told = f"http.certificate: {files.certificate} {says}: clients refuse it (put a new one in its place"
    kept = [Path(shutil.copy2(file, f"{file}.kept")) for file in (files.key, files.certificate)]
    async with served(_config(files)) as url:
        await _until(told, caplog)
        assert await _shown(url) == "first", "and it is shown all the same"
        caplog.clear()
        other.key.replace(files.key)
        other.certificate.replace(files.certificate)
        async with asyncio.timeout(30):
            while await _shown(url) != "second":
                await asyncio.sleep(0.02)
        assert "clients refuse" not in caplog.text
        for file in kept:
            file.replace(file.with_suffix(""))
        await _until(told, caplog)
        assert caplog.text.count("clients refuse") == 1


async def test_t30_a_certificate_that_expires_meanwhile_is_told_of_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(tls, "_LOOK", 0.01)
    files, days = certificate(home, "first"), 1.9
    shown = Tls(files.certificate, files.key, lambda: time.time() + days * 86_400)
    following = asyncio.create_task(shown.follow())
    try:
        assert not shown.wrong()
        days = 2.1
        await _until("clients refuse it", caplog)
        certificate_of(home, "first", now := datetime.now(UTC), now + timedelta(days=30))
        await _until("the new certificate is shown", caplog)
        assert caplog.text.count("clients refuse it") == 1
    finally:
        following.cancel()
        await asyncio.wait({following})


def test_t30_check_names_a_certificate_that_is_not_valid(tmp_path: Path) -> None:
    home, year = Home(tmp_path), datetime(2021, 3, 4, tzinfo=UTC)
    files = certificate_of(tmp_path, "first", year, year + timedelta(days=1))
    home.write(CONFIG.replace("{port: 0}", f"{{certificate: {files.certificate}, certificate_key: {files.key}}}"))
    [found] = [finding for finding in home.json("check") if finding["what"] == "http.certificate"]
    assert found["state"] == "warning" and found["text"] == f"{files.certificate} expired on 2021-03-05 00:00 UTC"
    assert "put a new one in its place" in found["hint"]


def test_t30_what_tells_no_dates_is_not_judged() -> None:
    empty = base64.b64encode(b"\x30\x03\x30\x01\x30").decode()
    for text in ("", "nonsense", f"-----BEGIN CERTIFICATE-----\n{empty}\n-----END CERTIFICATE-----"):
        assert validity(text.encode()) is None


async def _until(said: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(30):
        while said not in caplog.text:
            await asyncio.sleep(0.02)


def _broken(folder: Path, fault: str) -> HttpConfig:
    first = certificate(folder, "first")
    match fault:
        case "missing":
            first.certificate.unlink()
        case "no key":
            return HttpConfig(certificate=str(first.certificate))
        case "no certificate":
            return HttpConfig(certificate_key=str(first.key))
        case "mismatched":
            certificate(folder, "second").key.replace(first.key)
        case "no PEM":
            first.key.write_text("nonsense")
        case "swapped":
            return HttpConfig(certificate=str(first.key), certificate_key=str(first.certificate))
        case "folder":
            return HttpConfig(certificate=str(folder), certificate_key=str(first.key))
        case "passphrase":
            return _config(certificate(folder, "locked", passphrase="secret"))
    return _config(first)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("missing", r"http\.certificate: .*first\.crt: No such file"),
        ("no key", r"http\.certificate_key: is missing"),
        ("no certificate", r"http\.certificate: is missing"),
        ("mismatched", r"first\.crt .*first\.key do not belong together"),
        ("no PEM", r"cannot be used"),
        ("swapped", r"cannot be used"),
        ("folder", r"http\.certificate: .*: Is a directory"),
        ("passphrase", r"cannot be used \(the key has a passphrase\)"),
    ],
)
async def test_t30_files_that_cannot_be_used_are_an_error_of_the_configuration(
    home: Path, fault: str, says: str
) -> None:
    config = _broken(home, fault)
    with pytest.raises(ConfigError, match=says) as error:
        async with served(config):
            pass
    assert error.value.exit_code == 78
    assert error.value.hint
