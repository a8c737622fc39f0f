"""Backups: whole, private, checked before they are believed, and put in place such that nothing is lost."""

import errno
import io
import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing, suppress
from pathlib import Path
from unittest import mock

import pytest

from assistant import AlreadyRunning, ServiceError
from assistant.backup import Places, finish_restore, read_archive, restore, write_archive
from assistant.backup import restoration as module
from assistant.state import State
from assistant.state.lock import hold
from tests.running import Home
from tests.test_state import receipt

CONFIG = "log: {level: warning}\n"


@pytest.fixture
async def places(home: Path) -> Places:
    """Make a home with a configuration and a state."""
    files = {
        "config/assistant.yaml": CONFIG,
        "config/conf.d/10-rooms.yaml": "http: {port: 0}\n",
        "config/key": "a secret of the configuration\n",
        "state/api-key": "a key\n",
        "state/id": "an id\n",
        "state/assistant.db.1.bak": "an old copy",
        "state/backups/before.tar.gz": "another",
        "data/models/m/model.onnx": "a model",
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    async with State(home / "state" / "assistant.db") as state:
        state.receipts.keep(receipt(1))
    return Places.here()


def tree(*folders: Path) -> dict[str, bytes]:
    """Return the files below folders, with their content."""
    return {str(file): file.read_bytes() for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()}


def turns(places: Places) -> list[str]:
    with closing(sqlite3.connect(places.state / "assistant.db")) as database:
        return [turn for (turn,) in database.execute("SELECT turn FROM receipts ORDER BY turn")]


async def changed(places: Places) -> None:
    """Go on living after a backup."""
    places.config.write_text("log: {level: error}\n")
    (places.config.parent / "conf.d" / "20-later.yaml").write_text("{}\n")
    (places.state / "api-key").write_text("another key\n")
    async with State(places.state / "assistant.db") as state:
        state.receipts.keep(receipt(2))


# -- create ----------------------------------------------------------------------------------------------------------


def test_an_archive_holds_configuration_and_state_and_is_its_owners(places: Places, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    contents = write_archive(places, file)
    assert contents.files == (
        "config/assistant.yaml",
        "config/conf.d/10-rooms.yaml",
        "config/key",
        "state/api-key",
        "state/assistant.db",
        "state/id",
    )
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        assert [member.name for member in tar] == ["inglenook-backup.json", *contents.files]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


async def test_a_database_in_use_is_saved_as_it_is_at_that_moment(places: Places, tmp_path: Path) -> None:
    async with State(places.state / "assistant.db") as state:
        state.receipts.keep(receipt(7))
        assert len(await state.receipts.latest()) == 2  # it lies in the write-ahead log only
        write_archive(places, tmp_path / "backup.tar.gz")
    read_archive(tmp_path / "backup.tar.gz", tmp_path / "out")
    assert turns(Places(tmp_path, tmp_path / "out" / "state")) == ["t1", "t7"]


def test_no_file_is_overwritten_and_none_is_left_half(places: Places, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_text("precious")
    with pytest.raises(ServiceError, match="is there already"):
        write_archive(places, file)
    assert file.read_text() == "precious"
    (places.state / "assistant.db").write_bytes(b"no database" * 500)
    with pytest.raises(ServiceError, match="cannot be written"):
        write_archive(places, tmp_path / "other.tar.gz")
    assert not list(tmp_path.glob("*other*"))
    assert not list(tmp_path.glob(".*"))


def test_what_could_not_be_read_again_is_named(places: Places, tmp_path: Path) -> None:
    (places.config.parent / "line\nbreak.yaml").write_text("{}")
    contents = write_archive(places, tmp_path / "backup.tar.gz")
    assert contents.left_out == ("config/line\nbreak.yaml",)
    read_archive(tmp_path / "backup.tar.gz", tmp_path / "out")


# -- restore ---------------------------------------------------------------------------------------------------------


async def test_a_restore_brings_back_what_was(places: Places, tmp_path: Path) -> None:
    write_archive(places, tmp_path / "backup.tar.gz")
    await changed(places)
    restore(tmp_path / "backup.tar.gz", places)
    assert places.config.read_text() == CONFIG
    assert not (places.config.parent / "conf.d" / "20-later.yaml").exists()
    assert (places.state / "api-key").read_text() == "a key\n"
    assert turns(places) == ["t1"]
    assert {path.name for path in places.state.iterdir()} == {
        *("api-key", "assistant.db", "assistant.db.1.bak", "backups", "daemon.lock", "id")
    }
    assert (places.state / "assistant.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "models" / "m" / "model.onnx").exists()


def test_a_restore_works_where_nothing_was(places: Places, tmp_path: Path) -> None:
    write_archive(places, tmp_path / "backup.tar.gz")
    elsewhere = Places(tmp_path / "new" / "etc" / "assistant.yaml", tmp_path / "new" / "state")
    restore(tmp_path / "backup.tar.gz", elsewhere)
    assert elsewhere.config.read_text() == CONFIG
    assert (elsewhere.config.parent / "key").read_text() == "a secret of the configuration\n"
    assert turns(elsewhere) == ["t1"]


def test_a_restore_is_refused_while_a_daemon_runs(places: Places, tmp_path: Path) -> None:
    write_archive(places, tmp_path / "backup.tar.gz")
    before = tree(places.config.parent)
    with hold(places.state), pytest.raises(AlreadyRunning):
        restore(tmp_path / "backup.tar.gz", places)
    assert tree(places.config.parent) == before


MOVES = 17
"""More moves than a restore of these places takes."""


@pytest.mark.parametrize("at", range(MOVES))
@pytest.mark.parametrize("end", ["failure", "power cut"])
async def test_a_restore_that_ends_half_way_loses_nothing(places: Places, tmp_path: Path, at: int, end: str) -> None:
    write_archive(places, tmp_path / "backup.tar.gz")
    await changed(places)
    before = tree(places.config.parent, places.state)
    real = module._move
    done: list[object] = []

    class PowerCut(BaseException):
        """Ends everything at once."""

    def move(source: Path, target: Path) -> None:
        if len(done) == at:
            if end == "power cut":
                raise PowerCut
            done.append(source)
            raise OSError(errno.ENOSPC, "No space left on device")
        done.append(source)
        real(source, target)

    with mock.patch.object(module, "_move", move), suppress(ServiceError, PowerCut):
        restore(tmp_path / "backup.tar.gz", places)
    if end == "power cut":
        finish_restore(places)
        assert not finish_restore(places)
    after = tree(places.config.parent, places.state)
    after.pop(lock := str(places.state / "daemon.lock"), None)
    before.pop(lock, None)
    if end == "failure" and len(done) > at:
        assert after == before
    else:
        assert turns(places) == ["t1"]
        assert places.config.read_text() == CONFIG
        assert str(places.config.parent / "conf.d" / "20-later.yaml") not in after
    assert not {"restoring", "restoring.draft", "replaced"} & {path.name for path in places.state.iterdir()}


# -- archives that are not sound -------------------------------------------------------------------------------------


def packed(file: Path, *members: tuple[tarfile.TarInfo, bytes], about: dict[str, object] | None = None) -> Path:
    """Write an archive by hand."""
    files = [member.name for member, _ in members]
    text = {"format": 1, "version": "0.1.0", "created": 0, "state": 0, "files": files} | (about or {})
    with tarfile.open(file, "w:gz") as tar:
        for member, data in [(tarfile.TarInfo("inglenook-backup.json"), json.dumps(text).encode()), *members]:
            if member.isreg():
                member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return file


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


NAMES = [
    *("../evil", "/etc/evil", "config/../../evil", "config//evil", "config/.hidden", "evil", "state/a/b", "config"),
    *("state/daemon.lock", "state/assistant.db-wal", "state/..", "config/" + "a" * 300, "config/a\nb", "config/./b"),
    "config/" + "/".join("abcdefgh"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(places: Places, tmp_path: Path, name: str) -> None:
    before = tree(tmp_path)
    file = packed(tmp_path.parent / f"{tmp_path.name}.tar.gz", (member(name), b"evil"))
    with pytest.raises(ServiceError, match="not a sound backup"):
        restore(file, places)
    (places.state / "daemon.lock").unlink()
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_what_is_no_plain_file_is_refused(places: Places, tmp_path: Path, kind: bytes) -> None:
    file = packed(tmp_path / "evil.tar.gz", (member("config/link", kind, "/etc/passwd"), b""))
    with pytest.raises(ServiceError, match="is no plain file"):
        restore(file, places)


def test_a_link_is_not_followed_by_a_later_member(places: Places, tmp_path: Path) -> None:
    file = packed(
        tmp_path / "evil.tar.gz", (member("config/out", tarfile.SYMTYPE, "/"), b""), (member("config/out/evil"), b"x")
    )
    with pytest.raises(ServiceError, match="is no plain file"):
        restore(file, places)


def test_sizes_and_numbers_are_bounded(places: Places, tmp_path: Path) -> None:
    large = packed(tmp_path / "large.tar.gz", (member("config/large"), bytes((16 << 20) + 1)))
    assert large.stat().st_size < 100_000
    with pytest.raises(ServiceError, match="is larger than anything"):
        restore(large, places)
    many = packed(tmp_path / "many.tar.gz", *((member(f"config/{number}"), b"") for number in range(1001)))
    with pytest.raises(ServiceError, match="more than 1000 files"):
        restore(many, places)
    twice = packed(tmp_path / "twice.tar.gz", (member("config/a"), b""), (member("config/a"), b""))
    with pytest.raises(ServiceError, match="or twice"):
        restore(twice, places)
    named = tarfile.TarInfo("config/a")
    named.pax_headers = {"comment": "x" * (2 << 20)}
    with pytest.raises(ServiceError, match="a header is larger"):
        restore(packed(tmp_path / "header.tar.gz", (named, b"")), places)


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"format": 2}, "form 2, which is not known"),
        ({"format": "x" * 999}, "is not known"),
        ({"state": 999}, "of a newer version"),
        ({"files": ["config/a", "config/b"]}, "config/b is missing"),
        ({"files": []}, "not among the files"),
        ({"created": "yesterday"}, "does not say what it is"),
        ({"state": 1}, "damaged, or not the one"),
    ],
)
def test_what_an_archive_says_of_itself_must_be_known_and_true(
    places: Places, tmp_path: Path, about: dict[str, object], says: str
) -> None:
    members = [(member("config/a"), b"")]
    if about == {"state": 1}:
        members, about = [(member("state/assistant.db"), (places.state / "assistant.db").read_bytes())], about
    with pytest.raises(ServiceError, match=says) as error:
        restore(packed(tmp_path / "odd.tar.gz", *members, about=about), places)
    assert error.value.hint


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b" + bytes(50)])
def test_what_is_no_archive_is_refused(places: Places, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd").write_bytes(content)
    with pytest.raises(ServiceError):
        restore(tmp_path / "odd", places)
    with pytest.raises(ServiceError, match="cannot be read: No such file"):
        restore(tmp_path / "nothing", places)


def test_an_archive_that_is_cut_or_changed_anywhere_is_refused(places: Places, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    write_archive(places, file)
    whole = file.read_bytes()
    before = tree(places.config.parent)
    for cut in range(0, len(whole) - 20, max(1, len(whole) // 25)):
        file.write_bytes(whole[:cut])
        with pytest.raises(ServiceError):
            restore(file, places)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    file.write_bytes(whole[:500] + bytes([whole[500] ^ 0xFF]) + whole[501:])
    with pytest.raises(ServiceError):
        restore(file, places)
    assert tree(places.config.parent) == before


def test_a_database_that_is_damaged_is_refused(places: Places, tmp_path: Path) -> None:
    data = (places.state / "assistant.db").read_bytes()
    broken = packed(tmp_path / "broken.tar.gz", (member("state/assistant.db"), data[:4096] + b"\xff" * 4096))
    with pytest.raises(ServiceError, match="its database is damaged"):
        restore(broken, places)
    assert turns(places) == ["t1"]


# -- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands_save_and_bring_back(house: Home, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    with house.daemon() as daemon:
        daemon.ready()
        key = house.key
        done = house.run("backup", "create", str(file))
        assert done.returncode == 0, done.stderr
        assert "It holds secrets" in done.stdout
        assert house.run("backup", "create", str(file)).returncode == 71
        refused = house.run("backup", "restore", str(file))
        assert refused.returncode == 75
        assert str(daemon.process.pid) in refused.stderr
        assert daemon.stop() == 0
    (house.folder / "state" / "api-key").unlink()
    done = house.run("backup", "restore", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert house.key == key
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.stop() == 0


def test_a_daemon_finishes_a_restore_that_was_cut(house: Home, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    assert house.run("ask", "Hello?").returncode == 0
    assert house.run("backup", "create", str(file)).returncode == 0
    staged = house.folder / "state" / "restoring"
    contents = read_archive(file, staged)
    (staged / "contents.json").write_text(json.dumps({**{n: getattr(contents, n) for n in contents.__struct_fields__}}))
    good = (house.folder / "config" / "assistant.yaml").read_text()
    (house.folder / "config" / "assistant.yaml").write_text("broken: [")
    os.sync()
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.stop() == 0
    assert (house.folder / "config" / "assistant.yaml").read_text() == good
    assert not staged.exists()
