"""What systemd is told of the daemon, and what the daemon tells the journal; without systemd, nothing happens.

The protocol is sd_notify(3): a datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names. It is so small
that no library is needed. Journal fields need systemd-python, which is used where it is installed.
"""

import asyncio
import logging
import os
import socket
import stat
import sys

__all__ = ["log_to_journal", "notify", "watchdog"]

log = logging.getLogger(__name__)

_LEVELS = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))
"""Python's levels, and the priorities of syslog that they are at least."""


def notify(**fields: str) -> bool:
    """Tell systemd *fields*, such as `STATUS="opening stt"`; return whether anybody was there to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    message = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)  # a systemd that does not read must not hold up the house
            door.sendto(message.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
    except OSError as error:
        log.debug("systemd was not told %s: %s", message.partition("=")[0], error)
        return False
    return True


def watchdog() -> float:
    """Return the seconds within which systemd wants a sign of life; 0 where it wants none (sd_watchdog_enabled(3))."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    wanted = os.environ.get("WATCHDOG_USEC", "")
    return int(wanted) / 1e6 if wanted.isdecimal() else 0.0


def log_to_journal() -> bool:
    """Where standard error leads to the journal, log with its priorities and fields; return whether it does."""
    if not _is_journal(os.environ.get("JOURNAL_STREAM", "")):
        return False
    handler: logging.Handler
    try:
        from systemd.journal import JournalHandler
    except ImportError:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Prefixed("%(name)s: %(message)s"))
    else:
        handler = JournalHandler(SYSLOG_IDENTIFIER="inglenook")
        handler.setFormatter(logging.Formatter("%(message)s"))  # the rest are fields
        handler.addFilter(_add_task)
    logging.basicConfig(handlers=[handler], level=logging.getLogger().level, force=True)
    return True


def _is_journal(stream: str) -> bool:
    """Say whether *stream*, device and inode as systemd names them, is standard error: it may have been redirected."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISSOCK(status.st_mode) and stream == f"{status.st_dev}:{status.st_ino}"


class _Prefixed(logging.Formatter):
    """Begins each line with its priority, as sd-daemon(3) has it."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next(priority for level, priority in _LEVELS if record.levelno >= level)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def _add_task(record: logging.LogRecord) -> bool:
    """Give *record* the field TASK: what of the daemon it comes from, such as `device kitchen` or `engine stt`."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread
        task = None
    if task is not None:
        record.TASK = task.get_name()
    return True
