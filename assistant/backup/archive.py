"""The archive: a gzipped tar whose first member tells what it is.

An archive may come from anywhere. So it is read member by member, with bounds, and nothing is believed that a member
says of itself but its name, its kind and its size.
"""

import gzip
import io
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import msgspec

from assistant import __version__
from assistant.backup.places import DATABASE, Places, copy_database
from assistant.errors import ServiceError
from assistant.state.migrations import MIGRATIONS, version

__all__ = ["Contents", "read_archive", "write_archive"]

_FORMAT = 1
_ABOUT = "inglenook-backup.json"
_NAME = re.compile(
    r"(?:config(?:/[\w@+][\w.@+ -]{0,100}){1,5}|state/(?!daemon\.lock|assistant\.db.)[\w@+][\w.@+ -]{0,100})"
)
"""What a member may be called: no part begins with a dot, so that none leads upwards, and none is hidden."""
_MEMBERS = 1000
"""Files in an archive, at most."""
_FILE = 16 << 20
"""Bytes of a file, at most; the database has a bound of its own."""
_LARGEST = 1 << 30
"""Bytes of the database, at most."""
_TOTAL = _LARGEST + (256 << 20)
"""Bytes of all files together, at most."""
_READ = 1 << 20
"""Bytes that are read at once, at most: names of files can claim to be longer."""
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, RecursionError, ValueError)


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive says of itself."""

    format: int
    """Version of its form."""
    version: str
    """Version of Inglenook that wrote it."""
    created: float
    """Seconds since the epoch."""
    state: int
    """Form of the database, as the number of its migrations; 0 where there is none."""
    files: tuple[str, ...]
    """Names of the files in it."""
    left_out: tuple[str, ...] = ()
    """Names of files that are not in it, because they are very large or oddly named."""


def write_archive(places: Places, file: Path) -> Contents:
    """Write a backup of configuration and state to *file*, for its owner only; raises ServiceError.

    The file is there whole or not at all, and none is overwritten. A daemon may run meanwhile.
    """
    if file.exists():
        raise ServiceError(f"{file}: is there already, and stays as it is", hint="choose another name")
    try:
        with tempfile.TemporaryDirectory(prefix=".inglenook-", dir=file.parent) as folder:
            copy, draft = Path(folder, "assistant.db"), Path(folder, "archive")
            steps = _copied(places, copy)
            names = [name for name in places.names() if name != DATABASE or steps]
            fit = [name for name in names if name == DATABASE or _fits(name, places.path(name))]
            contents = Contents(
                format=_FORMAT,
                version=__version__,
                created=time.time(),
                state=steps,
                files=tuple(fit),
                left_out=tuple(sorted({*names} - {*fit})),
            )
            with _created(draft) as out:
                with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
                    _add(tar, _ABOUT, io.BytesIO(data := msgspec.json.encode(contents)), len(data))
                    for name in fit:
                        source = copy if name == DATABASE else places.path(name)
                        with source.open("rb") as stream:
                            _add(tar, name, stream, os.fstat(stream.fileno()).st_size)
                out.flush()
                os.fsync(out.fileno())
            draft.rename(file)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise ServiceError(
            f"{file}: the backup cannot be written: {error}", hint="check the permissions and the disk"
        ) from None
    return contents


def _copied(places: Places, copy: Path) -> int:
    """Copy the database as it is at this moment, and return its form; 0 where there is none."""
    database = places.path(DATABASE)
    if not database.is_file():
        return 0
    copy_database(database, copy)
    with closing(sqlite3.connect(copy)) as connection:
        return version(connection)


def _fits(name: str, path: Path) -> bool:
    """Tell whether an archive with this file could be read again."""
    return bool(_NAME.fullmatch(name)) and path.stat().st_size <= _FILE


def _created(path: Path) -> BinaryIO:
    """Open a file that is not there yet, for its owner only."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _add(tar: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    tar.addfile(member, stream)


def read_archive(file: Path, folder: Path) -> Contents:
    """Unpack an archive into an empty *folder*, and return what it is; raises ServiceError where it is not sound."""
    try:
        with gzip.open(file) as packed, tarfile.open(fileobj=cast("IO[bytes]", _Bounded(packed)), mode="r:") as tar:
            members = iter(tar)
            contents = _contents(file, tar, next(members, None))
            found, left = set[str](), _TOTAL
            for member in _bounded(file, members):
                if member.name in found or member.name not in contents.files:
                    raise _unsound(file, f"{member.name[:100]!r} is not among the files that it lists, or twice")
                left -= member.size
                if left < 0 or not 0 <= member.size <= (_LARGEST if member.name == DATABASE else _FILE):
                    raise _unsound(file, f"{member.name!r} is larger than anything that a backup holds")
                found.add(member.name)
                _unpack(tar, member, folder / member.name)
    except _BROKEN as error:
        raise _unsound(file, str(error)) from None
    except OSError as error:
        raise ServiceError(f"{file}: cannot be read: {error.strerror or error}", hint="check the path") from None
    if missing := sorted(set(contents.files) - found):
        raise _unsound(file, f"{missing[0]} is missing")
    _check_database(file, folder / DATABASE, contents)
    return contents


class _Bounded:
    """A stream of which nothing can be read at once that is larger than anything but content."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self.tell, self.seek = stream.tell, stream.seek

    def read(self, size: int = -1) -> bytes:
        """Read up to *size* bytes."""
        if not 0 <= size <= _READ:
            raise tarfile.ReadError("a header is larger than any that a backup has")
        return self._stream.read(size)


def _bounded(file: Path, members: Iterator[tarfile.TarInfo]) -> Iterator[tarfile.TarInfo]:
    """Yield members that are plain files with decent names, and not too many of them."""
    for count, member in enumerate(members, 1):
        if count > _MEMBERS:
            raise _unsound(file, f"it has more than {_MEMBERS} files")
        if not member.isreg() or member.issparse():
            raise _unsound(file, f"{member.name[:100]!r} is no plain file")
        if not _NAME.fullmatch(member.name):
            raise _unsound(file, f"{member.name[:100]!r} is no name that a backup has")
        yield member


def _contents(file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> Contents:
    """Read what an archive says of itself; raises ServiceError where it is none of ours, or of a newer version."""
    if member is None or member.name != _ABOUT or not member.isreg() or member.size > _FILE:
        raise _unsound(file, "it is no backup of Inglenook")
    stream = tar.extractfile(member)
    assert stream is not None
    data = stream.read()
    try:
        form = msgspec.json.decode(data, type=dict[str, Any]).get("format")
        if form == _FORMAT:
            contents = msgspec.json.decode(data, type=Contents)
    except msgspec.DecodeError as error:
        raise _unsound(file, f"it does not say what it is: {error}") from None
    if form != _FORMAT:
        raise ServiceError(f"{file}: a backup of form {form!r:.20}, which is not known here", hint="upgrade first")
    if contents.state > len(MIGRATIONS):
        raise ServiceError(
            f"{file}: the backup is of a newer version of Inglenook ({contents.version:.20})", hint="upgrade first"
        )
    return contents


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    stream = tar.extractfile(member)
    assert stream is not None
    with _created(path) as out:
        shutil.copyfileobj(stream, out)
        out.flush()
        os.fsync(out.fileno())


def _check_database(file: Path, database: Path, contents: Contents) -> None:
    """Raise ServiceError where the database is damaged, or another than the archive says."""
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            steps = version(connection)
    except sqlite3.Error as error:
        raise _unsound(file, f"its database is damaged: {error}") from None
    if finding != "ok" or steps != contents.state:
        raise _unsound(file, "its database is damaged, or not the one that it tells of")


def _unsound(file: Path, why: str) -> ServiceError:
    return ServiceError(f"{file}: not a sound backup: {why}", hint="nothing was changed; use another backup")
