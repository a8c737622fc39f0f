"""Certificates of other servers are verified, whatever library speaks HTTP, and nothing is told to who has none."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import assistant_kobold
import assistant_ollama
import assistant_openai_bridge
import pytest

from assistant import (
    AssistantError,
    ChatMessage,
    ChatRequest,
    EngineUnavailable,
    Provider,
    ProviderConfig,
    ProviderSpec,
    system_trust,
)
from tests.certificates import certificate, certificate_of

if shutil.which("openssl") is None:
    pytest.skip("there is no openssl to make certificates with", allow_module_level=True)

KINDS = ("openai", "ollama", "koboldcpp")
SPECS: dict[str, ProviderSpec] = {
    spec.type: spec
    for plugin in (assistant_kobold, assistant_ollama, assistant_openai_bridge)
    for spec in plugin.assistant_providers()
}
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)


@pytest.fixture(autouse=True)
def _read_again() -> Iterator[None]:
    """Read the system's store anew after each test: some are another system."""
    yield
    system_trust.cache_clear()


@asynccontextmanager
async def listening(context: ssl.SSLContext | None) -> AsyncGenerator[tuple[int, list[bytes]], None]:
    """Run a server that hears and says nothing of HTTP, with TLS where there is a *context*."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.append(await reader.read(65_536))
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def failure(type_: str, port: int) -> EngineUnavailable:
    failed = await failed_by(type_, port)
    assert isinstance(failed, EngineUnavailable)
    assert failed.hint
    return failed


async def failed_by(type_: str, port: int) -> AssistantError:
    spec = SPECS[type_]
    config = ProviderConfig(type=type_, api_key="a-secret")
    provider = Provider("pc", f"https://127.0.0.1:{port}/v1", config)
    with pytest.raises(AssistantError) as caught:
        async with spec.open(provider, spec.describe(provider, "small")) as chat, aclosing(chat.reply(ASKED)) as reply:
            assert [delta async for delta in reply]
    return caught.value


@pytest.mark.parametrize("type_", KINDS)
async def test_a_certificate_that_nobody_vouches_for(type_: str, tmp_path: Path) -> None:
    files = certificate(tmp_path, "pc")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    async with listening(context) as (port, heard):
        failed = await failure(type_, port)
        assert "certificate is not trusted" in str(failed) and "clock" in failed.hint
        assert not any(heard)


@pytest.mark.parametrize("type_", KINDS)
@pytest.mark.parametrize(("days", "why"), [((1, 9), "not yet valid"), ((-9, -1), "expired"), ((-9, 9), "")])
async def test_a_clock_that_is_wrong_here_or_there(
    type_: str, days: tuple[int, int], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's store vouches for the certificate, but not today."""
    now = datetime.now(UTC)
    files = certificate_of(tmp_path, "pc", *(now + timedelta(days=one) for one in days))
    monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
    system_trust.cache_clear()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    async with listening(context) as (port, heard):
        if why:
            failed = await failure(type_, port)
            assert why in str(failed) and "clock" in failed.hint
        else:
            assert "certificate" not in str(await failed_by(type_, port))
        assert any(heard) is not bool(why)


@pytest.mark.parametrize("type_", KINDS)
async def test_a_server_that_speaks_no_tls(type_: str) -> None:
    async with listening(None) as (port, heard):
        failed = await failure(type_, port)
        assert "speaks no TLS" in str(failed)
        assert not any(b"a-secret" in data for data in heard)
