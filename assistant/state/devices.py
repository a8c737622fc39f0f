"""What is set at devices. That one is muted is kept twice: it must survive a database that does not."""

import logging
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

from assistant.controls.settings import DeviceSettings
from assistant.errors import ServiceError
from assistant.state.database import Database
from assistant.streams import in_thread

__all__ = ["Devices"]

log = logging.getLogger(__name__)


class Devices:
    """The table of what is set, and a folder with a file for each device that is muted."""

    def __init__(self, database: Database, muted: Path) -> None:
        self._database = database
        self._muted = muted

    async def read(self) -> dict[str, DeviceSettings]:
        """Return what is set, by device; one whose mute is kept in either place is muted. Raises ServiceError."""
        found = await self._database.read(_read)
        for name in await in_thread(lambda: _names(self._muted)):
            found[name] = msgspec.structs.replace(found.get(name, DeviceSettings()), muted=True)
        return found

    async def keep(self, device: str, settings: DeviceSettings) -> None:
        """Store what is set at a device, a mute so that no power cut lifts it; raises ServiceError."""
        if settings.muted:
            await in_thread(lambda: _mark(self._muted, device))
        await self._database.write(lambda connection: _write(connection, device, settings))
        if not settings.muted:
            await in_thread(lambda: _unmark(self._muted, device))

    async def revision(self) -> int:
        """Return a number that changes when another process writes; raises ServiceError."""
        return await self._database.read(_data_version)


def _read(connection: sqlite3.Connection) -> dict[str, DeviceSettings]:
    rows = connection.execute("SELECT name, settings FROM devices")
    return {name: _settings(name, text) for name, text in rows}


def _settings(name: str, text: str) -> DeviceSettings:
    """Return what is set at a device: it is muted where that cannot be read, for it may have been."""
    try:
        return msgspec.json.decode(text, type=DeviceSettings)
    except msgspec.DecodeError as error:
        log.error("what is set at %s cannot be read, so it is muted until `assistant unmute`: %s", name, error)
        return DeviceSettings(muted=True)


def _write(connection: sqlite3.Connection, device: str, settings: DeviceSettings) -> None:
    text = msgspec.json.encode(settings).decode()
    connection.execute("INSERT OR REPLACE INTO devices VALUES (?, ?)", (device, text))


def _data_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


def _names(folder: Path) -> list[str]:
    try:
        return [unquote(file.name) for file in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _failure(folder, error) from None


def _mark(folder: Path, device: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _file(folder, device).touch(0o600)
        _flush(folder)
    except OSError as error:
        raise _failure(folder, error) from None


def _unmark(folder: Path, device: str) -> None:
    try:
        _file(folder, device).unlink(missing_ok=True)
        if folder.is_dir():
            _flush(folder)
    except OSError as error:
        raise _failure(folder, error) from None


def _file(folder: Path, device: str) -> Path:
    return folder / quote(device, safe="").replace(".", "%2E")


def _flush(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _failure(folder: Path, error: OSError) -> ServiceError:
    return ServiceError(f"{folder}: what is muted cannot be kept: {error.strerror}", hint="check permissions and disk")
