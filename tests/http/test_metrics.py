"""`/metrics`: the numbers of the real doors, who may read them, and that nobody can write into them (T40)."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from assistant.access import Scope
from assistant.assembly import Assembly
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.pipeline.microphone import Microphone
from tests.doors import assembled
from tests.http.conftest import KEY
from tests.http.raw import HEAD

MORE = """
providers: {pc: {type: openai, endpoint: "http://127.0.0.1:9/v1", api_key: a-key-of-the-server, models: [large]}}
"""
SECRET = "Xyzzy"


@dataclass
class Watched:
    """The doors of an assistant, and whoever watches over it."""

    assembly: Assembly
    port: int
    session: aiohttp.ClientSession
    key: str
    """Opens the numbers and nothing else."""
    texts: list[str] = field(default_factory=list)
    """All that was ever told."""

    async def families(self) -> dict[str, Metric]:
        """Return what is told now, by name, as the parser of Prometheus reads it."""
        async with self.session.get("/metrics", headers={"Authorization": f"Bearer {self.key}"}) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            self.texts.append(await answer.text())
        return {family.name: family for family in text_string_to_metric_families(self.texts[-1])}

    async def value(self, name: str, **labels: str) -> float:
        """Return the sum of the numbers of a name that have these labels."""
        every = [sample for family in (await self.families()).values() for sample in family.samples]
        return sum(one.value for one in every if one.name == name and labels.items() <= one.labels.items())


@pytest.fixture
async def watched(home: Path) -> AsyncGenerator[Watched, None]:
    http = f"{{port: 0, key: {KEY}, cache: {{size: 100000}}}}"
    async with assembled(home, http, more=MORE, with_plugin="assistant_openai_bridge") as (loaded, assembly):
        microphone = Microphone()
        microphone.lost = 7
        served, config = doors(assembly, {"kitchen": microphone}), loaded.config.http
        app = make_app(config, assembly.events, dict, {}, served, assembly.keys, assembly.audit)
        key = await assembly.keys.create("prometheus", [Scope.METRICS])
        async with (
            serve(app, config) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}) as session,
        ):
            yield Watched(assembly, port, session, key)


async def test_what_was_done_is_told(watched: Watched) -> None:
    await watched.assembly.run_turn(f"Hello, {SECRET}.", conversation=SECRET, device=SECRET, person=SECRET)
    body = {"inputs": SECRET, "parameters": {"temperature": 0}}
    for _ in range(3):
        async with watched.session.post("/api/inference/", json=body) as answer:
            assert answer.status == 200
    value = watched.value
    assistant = next(iter(watched.assembly.config.assistants))
    assert await value("inglenook_turns_total", assistant=assistant, device="", outcome="answered") == 1
    assert await value("inglenook_turn_stage_seconds_count", stage="total") == 1
    assert await value("inglenook_answers_total", rung="chat") == 1
    assert await value("inglenook_model_replies_total", model="chat", provider="") == 2
    assert await value("inglenook_model_first_token_seconds_count", model="chat") == 2
    assert await value("inglenook_model_open", model="chat", kind="chat") == 1
    assert await value("inglenook_reply_cache_lookups_total", result="hit") == 2
    assert await value("inglenook_reply_cache_lookups_total", result="miss") == 1
    assert await value("inglenook_reply_cache_bytes") == watched.assembly.replies.used
    asked = {"method": "POST", "route": "/api/inference/"}
    assert await value("inglenook_http_requests_total", **asked, status="200") == 3
    assert await value("inglenook_http_request_seconds_bucket", **asked, le="+Inf") == 3
    assert await value("inglenook_audio_chunks_lost_total", device="kitchen") == 7
    assert await value("inglenook_provider_state", provider="pc", state="unknown") == 1
    assert await value("inglenook_provider_state", provider="pc") == 1
    assert await value("inglenook_provider_models", provider="pc") == 1
    assert await value("process_resident_memory_bytes") > 10e6
    assert await value("process_cpu_seconds_total") > 0
    assert await value("inglenook_http_requests_in_flight") == 1  # this one
    types = {name: family.type for name, family in (await watched.families()).items()}
    assert types["inglenook_turns"] == "counter" and types["inglenook_turn_stage_seconds"] == "histogram"
    assert types["inglenook_model_first_token_seconds"] == "summary" and types["inglenook_model_open"] == "gauge"


async def test_whoever_reads_the_numbers_needs_no_more_than_that(watched: Watched) -> None:
    statuses = {}
    for path in ("/metrics", "/api/providers", "/v1/models", "/api/devices", "/api/keys", "/events"):
        async with watched.session.get(path, headers={"Authorization": f"Bearer {watched.key}"}) as answer:
            statuses[path] = answer.status
    assert statuses == {"/metrics": 200} | dict.fromkeys(set(statuses) - {"/metrics"}, 403)
    other = await watched.assembly.keys.create("chat", [Scope.CHAT, Scope.HOME, Scope.AUDIO, Scope.MODELS])
    async with watched.session.get("/metrics", headers={"Authorization": f"Bearer {other}"}) as answer:
        assert answer.status == 403


async def test_t40_nobody_writes_into_the_numbers(watched: Watched) -> None:
    """What an asker makes up is no label, and makes no number more; nothing that is secret is told."""
    await watched.families()  # which is a request, too
    await _hostile(watched, "0")
    before = await watched.families()
    for n in range(1, 30):
        await _hostile(watched, str(n))
    after = await watched.families()
    series = {
        when: {(s.name, *s.labels.items()) for f in families.values() for s in f.samples}
        for when, families in (("before", before), ("after", after))
    }
    assert series["after"] == series["before"]
    requests = [s for s in after["inglenook_http_requests"].samples if s.name.endswith("_total")]
    routes = {sample.labels["route"] for sample in requests}
    assert {"/api/models/{id}", "other"} <= routes
    assert {sample.labels["method"] for sample in requests} <= {"GET", "POST", "DELETE", "other"}
    everything = "".join(watched.texts)
    for secret in (SECRET, KEY, watched.key, "a-key-of-the-server", "127.0.0.1", ":9/v1"):
        assert secret not in everything


async def _hostile(watched: Watched, mark: str) -> None:
    made_up = f"{SECRET}%0A%22{mark}"
    session, key = watched.session, {"Authorization": f"Bearer {SECRET}{mark}"}
    async with session.get(f"/api/models/{made_up}") as _, session.get(f"/{made_up}?{made_up}={KEY}") as _:
        pass
    async with session.request("PURGE", "/metrics") as _, session.post("/metrics", json=made_up) as _:
        pass
    if len(mark) == 1:  # more wrong keys would make this address wait
        async with session.get("/metrics", headers=key) as answer:
            assert answer.status == 401
    async with session.post("/api/inference/", json={"inputs": SECRET, "model_id": f"{SECRET}{mark}"}) as answer:
        assert answer.status == 404
    await watched.assembly.run_turn(f"Hello, {SECRET}.", device=f"{SECRET}{mark}", person=SECRET, conversation=mark)


async def test_who_leaves_before_the_end_is_counted_as_such(watched: Watched) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", watched.port)
    writer.write(f"GET /events HTTP/1.1\r\n{HEAD}\r\n".encode())
    assert b"200" in await reader.readline()
    assert await watched.value("inglenook_http_requests_in_flight") == 2
    writer.close()
    async with asyncio.timeout(30):
        while await watched.value("inglenook_http_requests_total", route="/events", status="499") != 1:
            await asyncio.sleep(0.01)
    assert await watched.value("inglenook_http_requests_in_flight") == 1
