"""All that a server of models can do wrong: cases for the tests of whatever plugin speaks with one.

    @pytest.mark.parametrize("case", hostile_cases(DIALECT), ids=str)
    async def test_what_a_server_may_do_wrong(case: HostileCase) -> None:
        await case.run()

Each raises AssertionError with a sentence that says which promise was broken.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

import msgspec

from assistant.chat import ChatDelta, ChatMessage, ChatRequest, Done, TextDelta
from assistant.engines import Chat
from assistant.errors import EngineBusy, EngineError, EngineTimeout, EngineUnavailable, UnfitRequest
from assistant.providers.config import ProviderConfig
from assistant.providers.spec import Provider, ProviderSpec
from assistant.testing.server import Script, ScriptedServer, Step, page, scripted_server

__all__ = ["Dialect", "HostileCase", "hostile_cases", "hostile_lists"]

ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)
PATIENT = 30
"""Seconds after which it hangs: no benchmark."""
LONG = 600.0
"""Seconds for which nobody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How servers of a type speak."""

    spec: ProviderSpec
    """The type, as the plugin has it."""
    type: str
    """Media type of a reply that comes piece by piece."""
    line: Callable[[bytes], bytes]
    """Frames a piece."""
    piece: Callable[[str], bytes]
    """Makes a piece of a reply of words, framed."""
    end: bytes
    """What comes after the last word."""
    error: Callable[[str], bytes]
    """Makes the JSON that says what went wrong."""
    asks: str
    """What the path of a request for a reply has in it, and no other."""
    path: str = ""
    """What stands behind the port in an endpoint."""
    otherwise: Script = field(default_factory=lambda: page("404 Not Found"))
    """What is answered to any other request."""
    nonsense: Sequence[bytes] = ()
    """JSON that is no piece of a reply."""
    alive: Sequence[bytes] = ()
    """Lines that only say that the server is there."""
    unlisted: Sequence[bytes] = ()
    """JSON that is no list of models."""
    http: str = "1.1"
    """Version of HTTP in which replies come."""

    def stream(self, *pieces: Step) -> list[Step]:
        """Return an answer that goes on until the connection is closed."""
        head = f"HTTP/{self.http} 200 OK\r\nContent-Type: {self.type}\r\nConnection: close\r\n\r\n"
        return [head.encode(), *pieces]

    def answering(self, script: Script) -> Callable[[str], Script]:
        """Return a server that answers so to who asks for a reply."""
        return lambda path: script if self.asks in path else self.otherwise

    def at(self, server: ScriptedServer, **more: Any) -> Provider:
        """Return a server as the owner would have configured it."""
        endpoint = f"http://127.0.0.1:{server.port}{self.path}"
        section = {"type": self.spec.type, "endpoint": endpoint, "api_key": "a-secret", **more}
        config = msgspec.convert(section, ProviderConfig)
        return Provider("pc", config.endpoint, config)

    async def reply(self, provider: Provider, request: ChatRequest = ASKED) -> list[ChatDelta]:
        """Return a reply whole."""
        engine = self.spec.open(provider, self.spec.describe(provider, "small"))
        async with engine as chat, aclosing(chat.reply(request)) as reply:
            return [delta async for delta in reply]

    async def failure(self, script: Script, **more: Any) -> EngineError:
        """Return what comes of a reply to which a server answers so: it says where, and what to do."""
        async with scripted_server(self.answering(script)) as server:
            return await self.failed(self.reply(self.at(server, **more)))

    async def failed(self, work: Awaitable[Any]) -> EngineError:
        """Return the error that comes of something that is tried."""
        try:
            async with asyncio.timeout(PATIENT):
                done = await work
        except EngineError as error:
            told = f"{error} {error.hint}"
            assert "provider pc" in str(error), f"it does not say where: {told}"
            assert error.hint, f"it does not say what to do: {told}"
            assert len(str(error)) < 500, f"it quotes too much: {told}"
            assert "a-secret" not in told, f"it tells the key: {told}"
            return error
        raise AssertionError(f"it does not fail: {done}")


@dataclass(frozen=True, slots=True)
class HostileCase:
    """Something that a server does wrong, or that nobody may do to one."""

    name: str
    """What that is."""
    run: Callable[[], Awaitable[None]]
    """Tries it; raises AssertionError."""

    def __str__(self) -> str:
        return self.name


def hostile_cases(dialect: Dialect) -> list[HostileCase]:
    """Return what servers of a type may do wrong while they are asked for a reply, or for their models."""
    scripted = [*_errors(dialect), *_no_replies(dialect), *_stalls(dialect)]
    checks = [
        _patience_is_told,
        _redirects_are_not_followed,
        _nobody_is_there,
        _nobody_knows_the_host,
        _an_endless_reply_is_cut,
        _thoughts_are_not_spoken,
        _nothing_is_waited_for_after_the_end,
        _who_leaves_closes_the_connection,
        _nothing_but_the_owners_is_sent,
        _a_request_is_repeated_only_where_that_is_asked,
        _a_connection_that_was_closed_is_not_used_again,
    ]
    named = [HostileCase(check.__name__[1:].replace("_", " "), partial(check, dialect)) for check in checks]
    return [*scripted, *named, *hostile_lists(dialect)]


def hostile_lists(dialect: Dialect) -> list[HostileCase]:
    """Return what servers of a type may answer that is no list of their models."""
    endless = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", *[b"x" * 1_000_000] * 20]
    scripts: dict[str, Script] = {
        "no page": page("404 Gone"),
        "wants a key": page("401 No"),
        "a page for people": page("200 OK", b"<html>", "text/html"),
        "half of one": page("200 OK", b"["),
        "one without end": endless,
    }
    scripts |= {f"a list that is {body.decode()}": page("200 OK", body) for body in dialect.unlisted}

    async def lists_nothing(script: Script) -> None:
        async with scripted_server(script) as server:
            await dialect.failed(dialect.spec.models(dialect.at(server)))
            assert not await dialect.spec.recognise(dialect.at(server)), "it is taken for a server of this type"

    return [HostileCase(f"list: {name}", partial(lists_nothing, script)) for name, script in scripts.items()]


def _failing(
    dialect: Dialect, name: str, script: Script, words: str, kind: type[EngineError] | None = None, **more: Any
) -> HostileCase:
    async def check() -> None:
        failed = await dialect.failure(script, **more)
        assert words in str(failed), f"{words!r} is not said: {failed}"
        assert kind is None or type(failed) is kind, f"it is a {type(failed).__name__}, no {kind.__name__}: {failed}"

    return HostileCase(name, check)


def _errors(dialect: Dialect) -> Iterator[HostileCase]:
    quoted = "something about it"
    for status, kind, words in (
        ("401 Unauthorized", EngineUnavailable, "does not accept the key"),
        ("403 Forbidden", EngineUnavailable, "does not accept the key"),
        ("404 Not Found", EngineUnavailable, "has no such page"),
        ("405 Not Allowed", EngineUnavailable, "has no such page"),
        ("400 Bad Request", UnfitRequest, "refused the request"),
        ("413 Too Large", UnfitRequest, "refused the request"),
        ("422 Unprocessable", UnfitRequest, "refused the request"),
        ("422 Unprocessable", UnfitRequest, quoted),
        ("429 Too Many", EngineBusy, "is busy"),
        ("500 Failed", EngineError, "failed"),
        ("500 Failed", EngineError, quoted),
        ("502 Bad Gateway", EngineError, "failed"),
        ("503 Loading", EngineBusy, "is busy"),
        ("504 Late", EngineTimeout, "gave up waiting"),
    ):
        script = page(status, dialect.error(f"{quoted} and a-secret"))
        yield _failing(dialect, f"{status}: {words}", script, words, kind)
    missing = page("404 Not Found", dialect.error("small is not here"))
    yield _failing(dialect, "404: a model that is not there", missing, "has no model small", EngineUnavailable)
    [whole] = page("500 Failed", dialect.error(quoted))
    assert isinstance(whole, bytes)
    halves = whole.split(b"about", 1)
    yield _failing(dialect, "500: a page in two parts", [halves[0], 0.1, b"about" + halves[1]], quoted)
    head = b"HTTP/1.1 500 Failed\r\nContent-Type: text/html\r\nConnection: close\r\n"
    endless = [b"\r\n<html>", *[b"x" * 100_000] * 500]
    scripts: dict[str, Script] = {
        "no page of the error": page("500 Failed", b"x", "text/html"),
        "a huge one": page("500 Failed", b"<html>" + b"y" * 10_000_000, "text/html"),
        "one without end": [head, *endless],
        "a packed one": page("500 Failed", b"\x1f\x8b\x08", "text/plain", "Content-Encoding: gzip"),
        "one packed without end": [head + b"Content-Encoding: gzip\r\n", *endless],
    }
    for name, answer in scripts.items():
        yield _failing(dialect, f"500: {name}", answer, "failed (500)")


def _no_replies(dialect: Dialect) -> Iterator[HostileCase]:
    line, said, stream = dialect.line, dialect.piece("Hel"), dialect.stream
    for body in (b"{not json", b"[" * 100_000, b"\xff\xfe", *dialect.nonsense):
        yield _failing(dialect, f"piece: {body[:30]!r}", stream(line(body)), "no part of a reply")
    for body in (b"not json", b"[]"):
        yield _failing(dialect, f"whole: {body!r}", page("200 OK", body), "no part of a reply")
    cut = f"HTTP/1.1 200 OK\r\nContent-Type: {dialect.type}\r\nContent-Length: 900\r\n\r\n".encode()
    packed = page("200 OK", b"\x1f\x8b", dialect.type, "Content-Encoding: gzip")
    out_of_memory = line(dialect.error("out of memory with a-secret"))
    scripts: dict[str, tuple[Script, str]] = {
        "an error at once": (stream(out_of_memory), "out of memory"),
        "an error after a word": (stream(said, out_of_memory), "out of memory"),
        "a page for people": (page("200 OK", b"<html>Welcome</html>", "text/html"), "answered with text/html"),
        "cut after a word": (stream(said), "broke its reply off"),
        "cut before a word": (stream(), "broke its reply off"),
        "cut within a word": ([cut + said[:2]], "broke"),
        "shorter than it says": ([cut + said], "broke"),
        "nothing": ([], "broke the connection off"),
        "another protocol": ([b"SSH-2.0-OpenSSH_9.2\r\n"], "broke the connection off"),
        "TLS": ([b"\x15\x03\x01\x00\x02\x02\x28"], "broke the connection off"),
        "packed": (packed, "packs its answers"),
        "a line without end": (stream(b"x" * 2_000_000), "more than"),
        "a piece without end": (stream(line(b"x" * 2_000_000)), "more than"),
    }
    scripts |= {f"no end of {line[:9]!r}": (stream(*[line * 6000] * 100), "more than") for line in dialect.alive}
    for name, (script, words) in scripts.items():
        yield _failing(dialect, f"reply: {name}", script, words)


def _stalls(dialect: Dialect) -> Iterator[HostileCase]:
    said, stream = dialect.piece("Hel"), dialect.stream

    def slowly(piece: bytes) -> list[Step]:
        return [step for _ in range(1000) for step in (piece, 0.02)]

    scripts: dict[str, Script] = {
        "silent": [LONG],
        "a line of a head": [b"HTTP/1.1 200 OK\r\n", LONG],
        "half a head": [b"HTTP/1.1 200 OK\r\nContent-", LONG],
        "no word": stream(LONG),
        "one word": stream(said, LONG),
        "half a line": stream(said, said[:3], LONG),
        "empty words": stream(*slowly(dialect.piece(""))),
        "byte by byte": stream(*slowly(b" ")),
        "letter by letter": stream(*slowly(b"d")),
        "slow error": [
            b"HTTP/1.1 500 Failed\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n",
            *slowly(b"x"),
        ],
    }
    scripts |= {f"only {line!r}": stream(*slowly(line)) for line in dialect.alive}
    for name, script in scripts.items():
        yield _failing(dialect, f"stall: {name}", script, "", EngineTimeout, parameters={"timeout": 0.3})


async def _patience_is_told(dialect: Dialect) -> None:
    failed = await dialect.failure(page("429 Too Many", b"{}", "application/json", "Retry-After: 7"))
    assert "7 s" in failed.hint, f"how long to wait is not told: {failed.hint}"


async def _redirects_are_not_followed(dialect: Dialect) -> None:
    async with scripted_server(page("200 OK")) as other:
        for status in ("302 Found", "307 Over There"):
            there = f"127.0.0.1:{other.port}"
            failed = await dialect.failure(page(status, b"", "text/html", f"Location: http://{there}/v1/x"))
            assert isinstance(failed, EngineUnavailable), f"{failed!r} lets nobody else answer"
            assert "not followed" in str(failed) and there in str(failed), f"it does not say where to: {failed}"
        assert not other.heard, "a redirect is followed"


async def _nobody_is_there(dialect: Dialect) -> None:
    async with scripted_server([]) as gone:
        provider = dialect.at(gone)
    failed = await dialect.failed(dialect.reply(provider))
    assert isinstance(failed, EngineUnavailable) and "refused the connection" in str(failed), repr(failed)


async def _nobody_knows_the_host(dialect: Dialect) -> None:
    nowhere = Provider("pc", f"http://nobody.invalid:5001{dialect.path}", ProviderConfig(type=dialect.spec.type))
    failed = await dialect.failed(dialect.reply(nowhere))
    assert isinstance(failed, EngineUnavailable) and "nobody knows that host" in str(failed), repr(failed)


async def _an_endless_reply_is_cut(dialect: Dialect) -> None:
    endless = dialect.stream(*[dialect.piece("word ")] * 10_000, LONG)
    async with scripted_server(dialect.answering(endless)) as server, asyncio.timeout(PATIENT):
        said = await dialect.reply(dialect.at(server))
    assert isinstance(said[-1], Done) and said[-1].reason == "length", f"it ends in {said[-1]}"
    assert 20 <= len(said) <= 200, f"of 20 tokens that were asked for {len(said)} are taken"


async def _thoughts_are_not_spoken(dialect: Dialect) -> None:
    thoughts = map(dialect.piece, ("<th", "ink>They greet me.", "</think>", "\n\n", "Hello."))
    async with scripted_server(dialect.answering(dialect.stream(*thoughts, dialect.end))) as server:
        said = await dialect.reply(dialect.at(server))
    assert "".join(delta.text for delta in said if isinstance(delta, TextDelta)) == "Hello.", said


async def _nothing_is_waited_for_after_the_end(dialect: Dialect) -> None:
    script = dialect.stream(dialect.piece("Hello."), dialect.end, LONG)
    async with scripted_server(dialect.answering(script)) as server, asyncio.timeout(PATIENT):
        said = await dialect.reply(dialect.at(server, parameters={"timeout": 0.3}))
    assert [type(delta) for delta in said] == [TextDelta, Done], said
    assert said[0] == TextDelta("Hello.") and isinstance(said[-1], Done) and said[-1].reason == "stop", said


async def _who_leaves_closes_the_connection(dialect: Dialect) -> None:
    script = dialect.stream(dialect.piece("Hello"), LONG)
    async with scripted_server(dialect.answering(script)) as server, asyncio.timeout(PATIENT):
        provider = dialect.at(server)
        async with dialect.spec.open(provider, dialect.spec.describe(provider, "small")) as chat:
            async with aclosing(chat.reply(ASKED)) as reply:
                assert await anext(reply) == TextDelta("Hello")
            await server.left.wait()


async def _nothing_but_the_owners_is_sent(dialect: Dialect) -> None:
    elsewhere = "http://127.0.0.1:9"
    proxies = dict.fromkeys(("HTTP_PROXY", "ALL_PROXY", "http_proxy"), elsewhere)
    keys = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OLLAMA_API_KEY", "OLLAMA_HOST")
    headers = f"X-Other: {elsewhere}\nAuthorization: {elsewhere}"
    around = {**proxies, **dict.fromkeys(keys, elsewhere), "OPENAI_CUSTOM_HEADERS": headers}
    script = dialect.answering(dialect.stream(dialect.piece("Yes."), dialect.end))
    with mock.patch.dict(os.environ, around):
        async with scripted_server(script) as server:
            own = {"headers": {"X-House": "ours"}, "chat_endpoint": f"/other/{dialect.asks}"}
            await dialect.reply(dialect.at(server, parameters=own))
            await dialect.reply(dialect.at(server, api_key=""))
    first, second = (heard for heard in server.heard if dialect.asks in heard.path)
    assert first.path == f"{dialect.path}/other/{dialect.asks}" != second.path, "`chat_endpoint` is not heeded"
    assert first.headers["authorization"] == "Bearer a-secret", "the key is not sent"
    assert first.headers["x-house"] == "ours", "the owner's headers are not sent"
    assert "authorization" not in second.headers, "a key is sent where there is none"
    assert (first.headers["user-agent"], first.headers["accept-encoding"]) == ("Inglenook", "identity")
    told = first.headers.keys() - {"host", "accept", "connection", "content-length", "content-type"}
    assert told == {"authorization", "x-house", "user-agent", "accept-encoding"}, f"more is told: {told}"
    assert not any(elsewhere in value for heard in server.heard for value in heard.headers.values())


async def _a_request_is_repeated_only_where_that_is_asked(dialect: Dialect) -> None:
    answers = iter([page("500 Failed"), dialect.stream(dialect.piece("Yes."), dialect.end)])

    def answer(path: str) -> Script:
        return next(answers) if dialect.asks in path else dialect.otherwise

    async with scripted_server(answer) as server:
        said = await dialect.reply(dialect.at(server, parameters={"max_retries": 1}))
    assert said[0] == TextDelta("Yes."), said
    assert sum(dialect.asks in heard.path for heard in server.heard) == 2
    async with scripted_server(dialect.answering(page("500 Failed"))) as server:
        await dialect.failed(dialect.reply(dialect.at(server)))
    assert sum(dialect.asks in heard.path for heard in server.heard) == 1, "it is repeated unasked"


async def _a_connection_that_was_closed_is_not_used_again(dialect: Dialect) -> None:
    [refusal] = page("500 Failed")
    assert isinstance(refusal, bytes)
    unannounced = refusal.replace(b"Connection: close\r\n", b"")
    answers: Iterator[Script] = iter([[unannounced], dialect.stream(dialect.piece("Yes."), dialect.end)])

    def answer(path: str) -> Script:
        return next(answers) if dialect.asks in path else dialect.otherwise

    async def replies(chat: Chat) -> list[ChatDelta]:
        async with aclosing(chat.reply(ASKED)) as reply:
            return [delta async for delta in reply]

    async with scripted_server(answer) as server:
        provider = dialect.at(server)
        async with dialect.spec.open(provider, dialect.spec.describe(provider, "small")) as chat:
            await dialect.failed(replies(chat))
            await asyncio.sleep(0.05)  # until this side knows
            assert (await replies(chat))[0] == TextDelta("Yes.")
