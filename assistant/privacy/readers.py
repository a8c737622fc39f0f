"""Who can read a file, by the permissions of it and of the folders above it."""

import grp
import pwd
import stat
from pathlib import Path

__all__ = ["PRIVATE", "readers"]

PRIVATE = "owner"
"""What `readers` returns for a file that nobody else can read."""


def readers(path: Path) -> str:
    """Return who can read a file or list a folder: `owner`, `group NAME` or `everybody`; root always can.

    Access lists are not looked at. Raises OSError where the path is not there.
    """
    status = path.stat()
    group, others = status.st_mode & stat.S_IRGRP, status.st_mode & stat.S_IROTH
    names = status.st_gid
    for folder in path.resolve().parents:
        above = folder.stat()
        others = others and above.st_mode & stat.S_IXOTH
        through = above.st_mode & (stat.S_IXGRP if above.st_gid == names else stat.S_IXOTH)
        group = group and through
    if others:
        return "everybody"
    if group and not _alone(names, status.st_uid):
        return f"group {_group(names)}"
    return PRIVATE


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _alone(group: int, owner: int) -> bool:
    """Tell whether a group has no other members than the owner."""
    try:
        name = pwd.getpwuid(owner).pw_name
        members = {*grp.getgrgid(group).gr_mem, *(user.pw_name for user in pwd.getpwall() if user.pw_gid == group)}
    except KeyError:
        return False
    return members <= {name}
