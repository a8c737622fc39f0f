"""One archive of what cannot be fetched again: the configuration and the state. Models are not in it."""

from assistant.backup.archive import Contents, read_archive, write_archive
from assistant.backup.places import Places
from assistant.backup.restoration import finish_restore, restore

__all__ = ["Contents", "Places", "finish_restore", "read_archive", "restore", "write_archive"]
