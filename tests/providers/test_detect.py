"""Which server answers where, by what it answers."""

import asyncio
import shutil
import ssl
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant import ConfigError, ProviderSpec, system_trust
from assistant.assembly import find_plugins
from assistant.config import load
from assistant.providers import ProviderConfig
from assistant.providers import detect as module
from assistant.providers.detect import HERE, Found, Place, configured, detect, places, sections
from assistant.testing import page, scripted_server
from tests.certificates import Certificate, certificate
from tests.running import CONFIG, Home

VLLM = b'{"object": "list", "data": [{"id": "small", "object": "model", "owned_by": "vllm"}]}'


@pytest.fixture
def specs(home: Path) -> list[ProviderSpec]:
    """Return every type that the installed plugins know."""
    file = home / "assistant.yaml"
    file.write_text(CONFIG)
    return [*find_plugins(load(file, {})).providers().values()]


def vllm(path: str) -> Sequence[Any]:
    once = ("application/json", "Connection: close")
    return page("200 OK", VLLM, *once) if path == "/v1/models" else page("404 Not Found", b"", *once)


def ollama(path: str) -> Sequence[Any]:
    once = ("text/plain", "Connection: close")
    return page("200 OK", b"Ollama is running", *once) if path == "/" else page("404 Not Found", b"", *once)


def types(found: list[Found]) -> list[list[str]]:
    return [[spec.type for spec in one.types] for one in found]


async def test_servers_are_known_by_what_they_answer_wherever_they_are(specs: list[ProviderSpec]) -> None:
    async with scripted_server(vllm) as one, scripted_server(ollama) as two, scripted_server(page("404 No")) as three:
        where = [Place(HERE, server.port) for server in (one, two, three)]
        found = await detect([*where, Place(HERE, 9)], specs)
    assert [each.place for each in found] == where
    assert types(found) == [["vllm", "openai"], ["ollama"], []]
    assert [each.endpoint for each in found] == [
        f"http://127.0.0.1:{one.port}/v1",
        f"http://127.0.0.1:{two.port}",
        f"http://127.0.0.1:{three.port}",
    ]
    assert not any("authorization" in heard.headers for server in (one, two, three) for heard in server.heard)


async def test_what_says_nothing_and_a_plugin_that_fails_delay_nobody_for_long(
    specs: list[ProviderSpec], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(provider: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "_PAGE", 1.0)
    some = [spec for spec in specs if spec.type in ("vllm", "ollama", "openai")]
    mine = type(some[0])(**{name: getattr(some[0], name) for name in some[0].__slots__} | {"recognise": broken})
    async with scripted_server([600.0]) as silent, scripted_server(vllm) as well:
        found = await detect([Place(HERE, silent.port), Place(HERE, well.port)], [mine, *some])
    assert types(found) == [[], ["vllm", "openai"]]
    assert "ZeroDivisionError" in caplog.text


def test_only_hosts_that_are_named_are_looked_at(specs: list[ProviderSpec]) -> None:
    here = {place.port for place in places([HERE], specs)}
    assert {1234, 1337, 4891, 5000, 5001, 8000, 8080, 8091, 11434} <= here
    assert len(places([HERE, "localhost"], specs)) == len(here)
    assert {place.host for place in places(["pc.local"], specs)} == {"pc.local"}
    assert places(["pc:9000", "[fd00::1]:80"], specs) == [Place("pc", 9000), Place("fd00::1", 80)]
    assert str(Place("fd00::1", 80)) == "[fd00::1]:80"
    assert places(["https://pc", "https://localhost:8443", "https://[fd00::1]:9"], specs) == [
        Place("pc", 443, tls=True),
        Place("localhost", 8443, tls=True),  # its certificate may be for that name alone
        Place("fd00::1", 9, tls=True),
    ]
    assert Place.of("https://localhost/v1") == Place("localhost", 443, tls=True)


@pytest.mark.parametrize(
    "name",
    ["192.168.1.0/24", "http://pc", "me@pc", "pc:99999", "pc:x", "", "pc 2", "[::1", "https://", "https://pc/v1"],
)
def test_what_is_no_host_is_said(specs: list[ProviderSpec], name: str) -> None:
    with pytest.raises(ConfigError, match="is no host"):
        places([name], specs)


# -- TLS -----------------------------------------------------------------------------------------------------------

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make certificates")


def answering(files: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Certificate]:
    """Make a certificate that is in the system's store, as far as OpenSSL knows."""
    files = certificate(tmp_path, "pc")
    monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
    system_trust.cache_clear()
    yield files
    system_trust.cache_clear()


@needs_openssl
async def test_a_server_behind_tls_is_known_where_its_certificate_is_trusted(
    specs: list[ProviderSpec], trusted: Certificate, tmp_path: Path
) -> None:
    other = certificate(tmp_path, "other")
    async with (
        scripted_server(vllm, tls=answering(trusted)) as well,
        scripted_server(vllm, tls=answering(other)) as bad,
        scripted_server(vllm) as plain,
        scripted_server([b"SSH-2.0-OpenSSH_9.2\r\n"]) as strange,
    ):
        ports = [well.port, bad.port, plain.port, strange.port]
        found = await detect([Place(HERE, port) for port in ports], specs)
        named = [f"https://localhost:{well.port}", f"https://127.0.0.1:{plain.port}"]
        secured = await detect(places(named, specs), specs)
    assert types(found) == [["vllm", "openai"], [], ["vllm", "openai"], []]
    assert [each.endpoint for each in found] == [
        f"https://127.0.0.1:{well.port}/v1",
        f"https://127.0.0.1:{bad.port}",
        f"http://127.0.0.1:{plain.port}/v1",
        f"http://127.0.0.1:{strange.port}",
    ]
    assert [each.trouble for each in found] == ["", "its certificate is not trusted: self-signed certificate", "", ""]
    assert not bad.heard and well.heard  # nothing is asked of who may be anybody
    assert types(secured) == [["vllm", "openai"], []] and secured[1].trouble == "it speaks no TLS"
    assert secured[0].endpoint == f"https://localhost:{well.port}/v1"
    assert [*sections(found, ["vllm"])] == ["vllm_2", "vllm_3"]
    mine = {"pc": ProviderConfig(type="vllm", endpoint=f"https://localhost:{well.port}/v1/")}
    assert configured(mine, {}) == {secured[0].place: "pc"}


@needs_openssl
@pytest.mark.once
async def test_what_is_not_trusted_is_told_and_never_written(house: Home, tmp_path: Path) -> None:
    house.write(CONFIG)
    before = (house.folder / "config" / "assistant.yaml").read_text()
    async with scripted_server(vllm, tls=answering(certificate(tmp_path, "pc"))) as server:
        words = ("providers", "detect", f"https://localhost:{server.port}", "--write")
        told = await asyncio.to_thread(partial(house.run, *words))
    assert f"https://localhost:{server.port}" in told.stdout and "its certificate is not trusted" in told.stdout
    assert "endpoint:" not in told.stdout and (house.folder / "config" / "assistant.yaml").read_text() == before
    assert not server.heard


@pytest.mark.once
async def test_sections_are_shown_and_written_when_that_is_wanted(house: Home) -> None:
    async def run(*words: str) -> Any:
        return await asyncio.to_thread(partial(house.run, "providers", *words))

    file = house.folder / "config" / "assistant.yaml"
    async with scripted_server(vllm) as one, scripted_server(vllm) as two:
        house.write(f"{CONFIG}providers: {{pc: {{type: vllm, endpoint: 'http://127.0.0.1:{one.port}/v1'}}}}\n")
        before = file.read_text()
        where = [f"localhost:{server.port}" for server in (one, two)]
        shown = (await run("detect", *where)).stdout
        assert file.read_text() == before
        assert "configured: pc" in shown and f"endpoint: http://127.0.0.1:{two.port}/v1" in shown
        assert f"endpoint: http://127.0.0.1:{one.port}/v1" not in shown
        written = await run("detect", *where, "--write")
        assert written.returncode == 0 and "is kept in assistant.yaml.1.bak" in written.stderr
        assert (file.parent / "assistant.yaml.1.bak").read_text() == before
        now = yaml.safe_load(file.read_text())["providers"]
        assert now["pc"] == {"type": "vllm", "endpoint": f"http://127.0.0.1:{one.port}/v1"}
        assert {"type": "vllm", "endpoint": f"http://127.0.0.1:{two.port}/v1"} in now.values()
        again = await run("detect", *where)
    assert f"endpoint: http://127.0.0.1:{two.port}/v1" not in again.stdout
    assert (await run("list")).returncode == 0  # what was written can be read
