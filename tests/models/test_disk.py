"""Full disks, damaged files, and names that are no names."""

import os
import random
import shutil
import subprocess
from collections import namedtuple

import pytest

from assistant.errors import ModelError
from assistant.models import sources
from assistant.models.references import locate
from assistant.models.store import Damage, Store

DATA = random.Random(1).randbytes(1 << 20)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A disk that is full before a model is there: a real one where mounting is allowed, else writes that fail."""
    folder = tmp_path / "models"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return

    def write(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sources.Part, "write", write)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(600_000, 0, 600_000))
    yield folder


async def test_t34_a_disk_without_room_is_seen_before_the_download(site, make_store, small_disk):
    store = make_store({"a": [site.whole("/a")]})
    with pytest.raises(ModelError, match=f"cannot fetch m: no space left in {small_disk}") as error:
        await store.pull(["m"])
    assert "free some space" in error.value.hint
    assert site.asked == []


async def test_t34_a_disk_that_fills_up_meanwhile_leaves_nothing_half_visible(
    site, make_store, small_disk, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 0, 1 << 40))
    store = make_store({"a": [site.whole("/a"), site.whole("/b")]})
    with pytest.raises(ModelError, match="cannot fetch m: no space left"):
        await store.pull(["m"])
    assert [path for path, _ in site.asked] == ["/a"]  # another source would not help
    assert not (store.folder / "m").exists()
    assert not store.is_complete("m")


async def test_a_folder_that_cannot_be_written_is_named(site, make_store, tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    store = make_store({"a": [site.whole("/a")]})
    with pytest.raises(ModelError, match=f"cannot change the models: {tmp_path}/models") as error:
        await store.pull(["m"])
    assert "permissions" in error.value.hint


async def test_damage_is_found_and_only_that_is_fetched_again(site, make_store):
    store = make_store({"a": [site.whole("/a")], "b": [site.whole("/b")], "c": [site.whole("/c")]})
    await store.pull(["m"])
    folder = store.folder / "m"
    (folder / "b").write_bytes(bytes(len(DATA)))
    assert store.is_complete("m"), "its size is right, only its bytes are not"
    assert store.verify(["m"]) == [Damage("m", "b", "has other bytes than listed")]
    (folder / "c").write_bytes(DATA[:10])
    assert store.verify(["m"])[1] == Damage("m", "c", f"has 10 bytes, not {len(DATA)}")
    assert not store.is_complete("m") and store.is_here("m")

    site.asked.clear()
    await store.pull(["m"])
    assert [path for path, _ in site.asked] == ["/b", "/c"]
    assert store.verify(["m"]) == []


async def test_what_an_older_catalogue_left_does_not_come_along(site, make_store):
    store = make_store({"a": [site.whole("/a")]})
    (store.folder / ".incoming" / "m").mkdir(parents=True)
    (store.folder / ".incoming" / "m" / "old.part").write_bytes(DATA)
    await store.pull(["m"])
    assert [file.name for file in (store.folder / "m").iterdir()] == ["a"]


async def test_t15_a_link_or_a_pipe_is_no_model_file(site, make_store, tmp_path):
    store = make_store({"a": [site.whole("/a")]})
    await store.pull(["m"])
    file = store.folder / "m" / "a"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert store.verify(["m"]) == [Damage("m", "a", "is no regular file")]
    file.unlink()
    os.mkfifo(file)
    assert store.verify(["m"]) == [Damage("m", "a", "is no regular file")]
    assert not store.is_complete("m")


async def test_remove_takes_the_model_and_what_has_come_of_it(site, make_store):
    store = make_store({"a": [site.whole("/a")]})
    await store.pull(["m"])
    (store.folder / ".incoming" / "m").mkdir()
    await store.remove("m")
    assert not store.is_here("m") and not (store.folder / ".incoming" / "m").exists()
    await store.remove("m")


HOSTILE = [
    "",
    ".",
    "..",
    "../m",
    "m/../m",
    "./m",
    "m/",
    "/etc/passwd",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..\\m",
    "m\0",
    "m\n",
    "M",
    "\uff4d",
    "\u2024\u2024/m",
    "\x1b[31mm",
    ".incoming",
    "m" * 4096,
    "\ud800",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_t15_what_is_no_id_is_no_path(site, make_store, tmp_path, name):
    store = make_store({"a": [site.whole("/a")]})
    await store.pull(["m"])
    before = sorted(tmp_path.rglob("*"))
    calls = [store.path, store.is_complete, store.is_here, lambda n: store.verify([n]), lambda n: store.missing([n])]
    for call in calls:
        with pytest.raises(ModelError) as error:
            call(name)
        assert str(error.value).isprintable() and str(error.value).isascii() and len(str(error.value)) < 200
    for change in (store.pull([name]), store.remove(name)):
        with pytest.raises(ModelError):
            await change
    assert sorted(tmp_path.rglob("*")) == before


NO_FILES = ["/dev/zero", "~nobody-here/m.onnx", "x" * 5000 + ".onnx", "a\0.onnx", "\ud800/m"]


@pytest.mark.parametrize("name", [*NO_FILES, *(name for name in HOSTILE if "passwd" not in name)])
def test_what_is_neither_id_nor_file_is_an_error(make_store, name):
    with pytest.raises(ModelError) as error:
        locate(name, make_store({"a": []}))
    assert str(error.value).isprintable() and len(str(error.value)) < 300


def test_the_default_store_is_where_the_models_are(home):
    store = Store.default()
    assert store.folder == home / "data" / "models"
    assert store.missing(store.catalogue.default) == store.catalogue.default
