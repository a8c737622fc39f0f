"""Downloads from a home that cuts, stalls, lies and redirects."""

import asyncio
import json
import random
import re
import signal
import sys
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from assistant.errors import ModelError
from assistant.models.store import Progress, Store

DATA = random.Random(1).randbytes(1 << 20)
HALF = len(DATA) // 2


def started(asked: tuple[str, str]) -> int:
    """Return the byte at which a request goes on."""
    match = re.fullmatch(r"bytes=(\d+)-", asked[1])
    return int(match[1]) if match else 0


def left_over(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


async def test_a_model_comes_whole(site, make_store):
    store = make_store({"a.gguf": [site.whole("/a")], "b.json": [site.whole("/b")]})
    steps: list[Progress] = []
    assert not store.is_complete("m") and store.missing(["m"]) == ("m",)
    with pytest.raises(ModelError) as error:
        store.path("m")
    assert "assistant models pull m" in error.value.hint

    await store.pull(["m"], steps.append)

    assert store.path("m").read_bytes() == DATA
    assert store.is_complete("m") and store.missing(["m"]) == () and store.verify(["m"]) == []
    assert left_over(store.folder) == [".incoming/lock", "m/a.gguf", "m/b.json"]
    done = [step.done for step in steps]
    assert done == sorted(done) and done[-1] == steps[-1].total == 2 * len(DATA)
    assert {step.source for step in steps} == {"127.0.0.1", ""}


async def test_what_is_here_needs_no_network_and_no_permission_to_write(site, make_store):
    store = make_store({"a": [site.whole("/a")]})
    await store.pull(["m"])
    (store.folder / ".incoming" / "lock").unlink()
    (store.folder / ".incoming").rmdir()
    (store.folder / ".incoming").write_text("nothing can be written below this")
    site.asked.clear()
    await store.pull(["m"])
    assert site.asked == []


async def test_t34_a_cut_download_is_gone_on_with(site, make_store):
    store = make_store({"a": [site.cut("/a", HALF)]})
    with pytest.raises(ModelError) as error:
        await store.pull(["m"])
    assert "m: a: 127.0.0.1:" in str(error.value)
    assert "assistant models pull m" in error.value.hint
    assert not (store.folder / "m").exists()

    site.whole("/a")
    await store.pull(["m"])

    assert started(site.asked[0]) == 0 < started(site.asked[1]) <= HALF
    assert store.path("m").read_bytes() == DATA


async def test_the_next_source_goes_on_where_the_first_ended(site, make_store):
    store = make_store({"a": [site.cut("/a", HALF), site.whole("/b")]})
    await store.pull(["m"])
    assert [path for path, _ in site.asked] == ["/a", "/b"]
    assert 0 < started(site.asked[1]) <= HALF
    assert store.path("m").read_bytes() == DATA


async def test_a_server_without_ranges_starts_again(site, make_store):
    store = make_store({"a": [site.cut("/a", HALF), site.whole("/b", ranges=False)]})
    await store.pull(["m"])
    assert store.path("m").read_bytes() == DATA


async def test_a_part_that_was_not_good_is_thrown_away(site, make_store):
    wrong = bytes(len(DATA))
    store = make_store({"a": [site.cut("/a", HALF, wrong), site.whole("/b")]})
    await store.pull(["m"])
    assert [path for path, _ in site.asked] == ["/a", "/b", "/b"]
    assert started(site.asked[1]) > 0 == started(site.asked[2])
    assert store.path("m").read_bytes() == DATA


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (bytes(len(DATA)), r"gives other bytes than the listed ones \(sha256 [0-9a-f]{64}\)"),
        (DATA + b"x", f"has {len(DATA) + 1} bytes to send, not {len(DATA)}"),
        (DATA[1:], f"has {len(DATA) - 1} bytes to send, not {len(DATA)}"),
    ],
)
async def test_t16_other_bytes_are_refused(site, make_store, sent, reason):
    store = make_store({"a": [site.whole("/a", sent)]})
    with pytest.raises(ModelError, match=reason):
        await store.pull(["m"])
    assert not (store.folder / "m").exists()
    assert all(file.stat().st_size == 0 for file in store.folder.rglob("*.part"))

    store = make_store({"a": [site.whole("/a", sent), site.whole("/b")]})
    await store.pull(["m"])
    assert store.path("m").read_bytes() == DATA


async def test_t34_more_than_listed_is_stopped_before_it_fills_the_disk(site, make_store):
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        while sent < 1 << 30:
            await response.write(DATA)
            sent += len(DATA)
        return response

    store = make_store({"a": [site.serve("/a", endless)]})
    with pytest.raises(ModelError, match=f"sends more than the listed {len(DATA)} bytes"):
        await store.pull(["m"])
    assert sent < 1 << 28


async def test_a_short_answer_without_a_length_is_noticed(site, make_store):
    async def short(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(DATA[:HALF])
        return response

    store = make_store({"a": [site.serve("/a", short)]})
    with pytest.raises(ModelError, match=f"ended after {HALF} of {len(DATA)} bytes"):
        await store.pull(["m"])


async def test_t34_a_web_page_is_no_model(site, make_store):
    page = b"<html>Please log in to this network</html>"

    async def login(request: web.Request) -> web.StreamResponse:
        return web.Response(body=page, content_type="text/html")

    store = make_store({"a": [site.serve("/a", login), site.whole("/b", page)]}, page)
    await store.pull(["m"])
    assert [path for path, _ in site.asked] == ["/a", "/b"]


async def test_t34_a_stall_is_given_up(site, make_store):
    store = make_store({"a": [site.stall("/a", HALF), site.whole("/b")]})
    await store.pull(["m"])
    assert 0 < started(site.asked[1]) <= HALF
    assert store.path("m").read_bytes() == DATA


async def test_a_host_that_cannot_be_reached_is_tried_once(site, make_store, unused_tcp_port):
    dead = f"http://127.0.0.1:{unused_tcp_port}"
    store = make_store({"a": [f"{dead}/a", site.whole("/a")], "b": [f"{dead}/b"]})
    with pytest.raises(ModelError, match=r"m: b: 127\.0\.0\.1: cannot be reached$"):
        await store.pull(["m"])


async def test_every_source_is_named_in_the_error(site, make_store):
    async def gone(request: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound

    async def broken(request: web.Request) -> web.StreamResponse:
        raise web.HTTPServiceUnavailable

    store = make_store({"a": [site.serve("/a", gone), site.serve("/b", broken)]})
    with pytest.raises(ModelError) as error:
        await store.pull(["m"])
    message = "cannot fetch m: a: 127.0.0.1: answers 404 Not Found; 127.0.0.1: answers 503 Service Unavailable"
    assert str(error.value) == message
    assert "\n" not in str(error.value) + error.value.hint


async def test_t18_redirects_are_followed_five_times_and_only_to_what_is_secure(site, make_store):
    async def hop(request: web.Request) -> web.StreamResponse:
        left = int(request.path.rpartition("/")[2])
        raise web.HTTPFound(f"/hop/{left - 1}" if left else "/a")

    for left in range(7):
        site.serve(f"/hop/{left}", hop)
    site.whole("/a")
    store = make_store({"a": [site.serve("/hop/4", hop)]})
    await store.pull(["m"])
    assert store.path("m").read_bytes() == DATA

    await store.remove("m")
    with pytest.raises(ModelError, match="redirects more than 5 times"):
        await make_store({"a": [site.serve("/hop/5", hop)]}).pull(["m"])

    async def away(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("ftp://127.0.0.1/a")

    with pytest.raises(ModelError, match="leads to ftp:, which is not secure"):
        await make_store({"a": [site.serve("/away", away)]}).pull(["m"])


async def test_t18_plain_http_is_refused(site, make_store):
    store = make_store({"a": [site.whole("/a")]})
    store = Store(store.folder, store.catalogue)
    with pytest.raises(ModelError, match="leads to http:, which is not secure"):
        await store.pull(["m"])
    assert site.asked == []


async def test_a_wrong_range_is_refused(site, make_store):
    async def shifted(request: web.Request) -> web.StreamResponse:
        content = f"bytes 0-{HALF - 1}/{len(DATA)}"
        return web.Response(status=206, body=DATA[:HALF], headers={"Content-Range": content})

    store = make_store({"a": [site.cut("/a", HALF), site.serve("/b", shifted)]})
    with pytest.raises(ModelError, match="answers with the range"):
        await store.pull(["m"])


CHILD = """
import asyncio, json, sys
from pathlib import Path
import msgspec
from assistant.models.catalogue import Catalogue
from assistant.models.sources import Limits
from assistant.models.store import Store
folder, catalogue = json.loads(sys.argv[1])
store = Store(Path(folder), msgspec.convert(catalogue, Catalogue), Limits(schemes=frozenset({"http"})))
asyncio.run(store.pull(["m"]))
"""


async def test_t34_a_killed_pull_leaves_nothing_but_a_part_that_the_next_goes_on_from(site, make_store, until):
    store = make_store({"a": [site.whole("/a")], "b": [site.stall("/b", HALF)]})
    argument = json.dumps([str(store.folder), msgspec.to_builtins(store.catalogue)])
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, argument)
    part = store.folder / ".incoming" / "m" / "b.part"
    await until(lambda: part.exists() and part.stat().st_size > HALF // 2)
    child.send_signal(signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL

    here = part.stat().st_size
    assert not store.is_complete("m") and not (store.folder / "m").exists()
    site.asked.clear()
    site.whole("/b")
    await store.pull(["m"])
    assert site.asked == [("/b", f"bytes={here}-")]
    assert store.verify(["m"]) == []


async def test_two_pulls_at_once_fetch_once(site, make_store, caplog):
    store = make_store({"a": [site.whole("/a")]})
    other = make_store({"a": [site.whole("/a")]})
    await asyncio.gather(store.pull(["m"]), other.pull(["m"]))
    assert site.asked == [("/a", "")]
    assert store.verify(["m"]) == []
    assert re.search("waiting", caplog.text)


async def test_a_cancelled_pull_lets_go(site, make_store, until):
    store = make_store({"a": [site.stall("/a", HALF)]})
    pull = asyncio.create_task(store.pull(["m"]))
    await until(lambda: site.asked)
    pull.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pull
    site.whole("/a")
    await store.pull(["m"])
    assert store.verify(["m"]) == []
