"""Put a backup in the place of what is here, such that nothing is lost wherever it ends.

First everything is unpacked and checked in a folder of its own; giving that folder its final name is the moment of
decision. From then on files are only moved: what is here to one side, what is new into its place. A power cut in
between is made good by doing the rest at the next start; a failure by moving everything back.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from assistant.backup.archive import Contents, read_archive
from assistant.backup.places import Places
from assistant.errors import ServiceError
from assistant.state.lock import hold

__all__ = ["finish_restore", "restore"]

_DRAFT = "restoring.draft"
_NEW = "restoring"
_OLD = "replaced"
_LIST = "contents.json"


def restore(file: Path, places: Places) -> Contents:
    """Replace configuration and state by those of a backup.

    Raises AlreadyRunning while a daemon runs, and ServiceError where the archive is not sound or anything fails; then
    everything is as it was.
    """
    with hold(places.state):
        _finish(places)
        draft = places.state / _DRAFT
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            contents = read_archive(file, draft)
            (draft / _LIST).write_bytes(msgspec.json.encode(contents))
            _like_owner(draft, places.state)
            _sync(draft)
            draft.rename(places.state / _NEW)
            _sync(places.state)
        except OSError as error:
            raise ServiceError(f"{places.state}: {error.strerror or error}", hint="nothing was changed") from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        _finish(places)
        return contents


def finish_restore(places: Places) -> bool:
    """Finish a restore that a power cut or a kill has ended half-way; return whether there was one.

    Raises AlreadyRunning, and ServiceError where it fails; then everything is as it was before the restore.
    """
    if not any((places.state / name).is_dir() for name in (_NEW, _OLD, _DRAFT)):
        return False
    with hold(places.state):
        _finish(places)
    return True


def _finish(places: Places) -> None:
    """Do what is left to do of a restore that is decided; raises ServiceError where that fails, with all moved back."""
    new, old = places.state / _NEW, places.state / _OLD
    if new.is_dir():
        try:
            contents = msgspec.json.decode((new / _LIST).read_bytes(), type=Contents)
            for name in [*places.names(), "state/assistant.db-wal", "state/assistant.db-shm"]:
                if name not in contents.files or (new / name).exists():
                    _move(places.path(name), old / name)
            for name in contents.files:
                _move(new / name, places.path(name))
            _sync(places.state)
        except (OSError, msgspec.DecodeError) as error:
            _back(places)
            raise ServiceError(
                f"the backup cannot be put in place: {error}", hint="everything is as it was; check the disk"
            ) from None
        new.rename(places.state / _DRAFT)  # from here on there is nothing left to do
    for folder in (places.state / _DRAFT, old):
        shutil.rmtree(folder, ignore_errors=True)


def _back(places: Places) -> None:
    """Move everything back to where it was."""
    new, old = places.state / _NEW, places.state / _OLD
    with suppress(OSError, msgspec.DecodeError):
        for name in msgspec.json.decode((new / _LIST).read_bytes(), type=Contents).files:
            if not (new / name).exists():
                _move(places.path(name), new / name)
    for name in _below(old):
        _move(old / name, places.path(name))
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(new, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Move a file, if it is there, in one step; the configuration may lie on another disk than the state."""
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        source.replace(target)
    except OSError:
        draft = target.with_name(f".{target.name}.restoring")
        try:
            shutil.copy2(source, draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        source.unlink()


def _below(folder: Path) -> Iterator[str]:
    """Yield the names of the files below a folder."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix()


def _like_owner(folder: Path, model: Path) -> None:
    """Give all that is in a folder to the owner of *model*: root may restore what belongs to the service."""
    if os.geteuid() == 0:
        owner = model.stat()
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    """Have the names in a folder on disk, not only in the cache."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
