"""Named keys: what is kept of them, whom they let in, and when no more (T5, T26)."""

import hmac
import sqlite3
from pathlib import Path

import pytest

from assistant.access import Scope
from assistant.access.keys import PREFIX, Keys, Refused, digest, new_key
from assistant.state import State


class Clock:
    """Time of day that a test sets."""

    now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_key_opens_its_scopes_and_nothing_else(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        made = await keys.create("dashboard", [Scope.HOME, Scope.AUDIO])
        caller = keys.identify(made)
        assert caller is not None
        assert caller.name == "dashboard"
        assert [scope for scope in Scope if caller.may(scope)] == [Scope.AUDIO, Scope.HOME]
        for wrong in ("", made[:-1], made + "x", made.upper(), made.removeprefix(PREFIX), "dashboard", "\udcff"):
            assert keys.identify(wrong) is None


async def test_t26_only_digests_are_kept_and_read_by_the_owner_only(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        made = [await Keys(state.keys).create(f"key{n}", [Scope.CHAT]) for n in range(3)]
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240
    for key in made:
        assert key.encode() not in kept
        assert key.removeprefix(PREFIX)[:12].encode() not in kept
        assert digest(key) in kept
    assert (tmp_path / "assistant.db").stat().st_mode & 0o077 == 0


async def test_keys_outlive_a_restart_and_revoking_does_too(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        stays, goes = await keys.create("stays", [Scope.CHAT]), await keys.create("goes", [Scope.ADMIN])
        told: list[str] = []
        keys.on_revoked(told.append)
        await keys.revoke("goes")
        assert told == ["goes"]
        assert keys.identify(goes) is None
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        await keys.load()
        assert [key.name for key in keys.all()] == ["stays"]
        assert keys.identify(stays) is not None
        assert keys.identify(goes) is None
        await keys.create("goes", [Scope.CHAT])
        assert keys.identify(goes) is None


async def test_a_key_is_good_until_it_expires(tmp_path: Path) -> None:
    clock = Clock()
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys, clock)
        made = await keys.create("guest", [Scope.CHAT], lasting=60)
        clock.now += 59
        caller = keys.identify(made)
        assert caller is not None
        assert caller.expires == clock.now + 1
        clock.now += 1
        assert keys.identify(made) is None


async def test_when_a_key_was_used_is_noted_to_a_minute(tmp_path: Path) -> None:
    clock = Clock()
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys, clock)
        made = await keys.create("one", [Scope.CHAT])
        assert keys.all()[0].used is None
        first = clock.now
        for _ in range(3):
            keys.identify(made)
            clock.now += 20
        assert keys.all()[0].used == first
        keys.identify(made)
    async with State(tmp_path / "assistant.db") as state:
        assert [key.used for key in await state.keys.all()] == [first + 60]


@pytest.mark.parametrize(
    "name", ["", "owner", "-a", "a b", "a\nb", "ä", "a" * 49, "../x", "\x1b[2J", "a/b", "'; DROP TABLE audit"]
)
async def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    async with State(tmp_path / "assistant.db") as state:
        with pytest.raises(Refused) as error:
            await Keys(state.keys).create(name, [Scope.CHAT])
        assert error.value.why == "bad_name"
        assert await state.keys.all() == []


async def test_a_name_is_given_once_and_a_key_opens_something(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        first = await keys.create("one", [Scope.CHAT])
        for name, scopes, why in (("one", [Scope.CHAT], "exists"), ("two", list[Scope](), "no_scope")):
            with pytest.raises(Refused) as error:
                await keys.create(name, scopes)
            assert error.value.why == why
        with pytest.raises(Refused, match="there is no key"):
            await keys.revoke("three")
        assert keys.identify(first) is not None


async def test_there_are_a_hundred_at_most(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        for number in range(100):
            await keys.create(f"key{number}", [Scope.CHAT])
        with pytest.raises(Refused, match="100 keys already"):
            await keys.create("another", [Scope.CHAT])


async def test_t5_every_digest_is_compared_whichever_key_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        made = [await keys.create(f"key{number}", [Scope.CHAT]) for number in range(5)]
        compared: list[tuple[bytes, bytes]] = []

        def compare(a: bytes, b: bytes) -> bool:
            compared.append((a, b))
            return a == b

        monkeypatch.setattr(hmac, "compare_digest", compare)
        for shown in (made[0], made[4], "wrong", "x" * 5000):
            compared.clear()
            keys.identify(shown)
            assert {kept for kept, _ in compared} == set(map(digest, made))
            assert {of for _, of in compared} == {digest(shown)}


def test_keys_are_random_and_known_by_their_beginning() -> None:
    made = {new_key() for _ in range(1000)}
    assert len(made) == 1000
    assert all(key.startswith("ink_") and len(key) >= 47 for key in made)


async def test_a_scope_of_a_later_version_opens_nothing(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        made = await Keys(state.keys).create("later", [Scope.CHAT])
    with sqlite3.connect(tmp_path / "assistant.db") as database:
        database.execute("""UPDATE access_keys SET scopes = '["chat", "moon"]'""")
    database.close()
    async with State(tmp_path / "assistant.db") as state:
        keys = Keys(state.keys)
        await keys.load()
        caller = keys.identify(made)
        assert caller is not None
        assert caller.scopes == {Scope.CHAT}
