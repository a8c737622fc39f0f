"""A machine that boots: a real systemd as the first process of namespaces of its own, above a copy of these files."""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running import PATIENCE, settled

BOOT = Path(__file__).with_name("boot.sh")
_CLONE = Path(__file__).resolve().parents[2]
_PROGRAMS = ("/usr/lib/systemd/systemd", "systemctl", "unshare", "nsenter", "setpriv", "pivot_root")
_ENTERED = ("-m", "-u", "-i", "-p", "-C", "-r", "-w")
_NAMESPACES = ("--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--uts", "--ipc", "--cgroup")


def missing() -> str:
    """Return why no machine can be booted here; empty where one can."""
    if os.geteuid():
        return "booting systemd needs root"
    if absent := [program for program in _PROGRAMS if shutil.which(program) is None]:
        return f"not installed: {', '.join(absent)}"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "the kernel has no overlayfs"
    if _cgroups() is None:
        return "no cgroup2 is mounted"
    tried = subprocess.run(["unshare", *_NAMESPACES, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass(frozen=True)
class Box:
    """The machine."""

    init: int
    """Its first process, as this machine numbers it."""

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root."""
        inside = ["nsenter", f"--target={self.init}", *_ENTERED, "env", "--ignore-environment"]
        given = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "COLUMNS": "300"} | dict(variables or {})
        words = [*inside, *(f"{name}={value}" for name, value in given.items()), *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=3 * PATIENCE, check=False)

    def must(self, *command: str, variables: Mapping[str, str] | None = None) -> str:
        """Run a command that has to succeed, and return what it prints."""
        done = self.run(*command, variables=variables)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def path(self, path: str | Path) -> Path:
        """Return a path of it, as this machine sees it."""
        return Path(f"/proc/{self.init}/root") / str(path).lstrip("/")

    def show(self, *properties: str, unit: str = "inglenook.service") -> list[str]:
        """Return properties of a unit."""
        shown = self.must("systemctl", "show", unit, f"--property={','.join(properties)}")
        values = dict(line.split("=", 1) for line in shown.splitlines())
        return [values[name] for name in properties]

    def journal(self, *options: str) -> str:
        """Return what the service has logged."""
        return self.must("journalctl", "--unit=inglenook", "--no-pager", "--quiet", *options)


@contextmanager
def box(folder: Path, shared: Mapping[Path, str]) -> Iterator[Box]:
    """Boot a machine, which is gone when the context ends; folders of this one are seen in it read-only."""
    root = _cgroups()
    assert root is not None
    group = root / f"inglenook-test-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    base = folder / "box"
    base.mkdir()
    join = f'echo $$ > {group}/cgroup.procs && exec setpriv --pdeathsig=KILL unshare {" ".join(_NAMESPACES)} "$@"'
    mounts = [f"{source}={target}" for source, target in {_CLONE: _CLONE, **shared}.items()]
    with (folder / "box.log").open("w") as log:
        process = subprocess.Popen(["sh", "-c", join, "sh", str(BOOT), str(base), *mounts], stdout=log, stderr=log)
    try:

        def booted() -> Box | None:
            assert process.poll() is None, (folder / "box.log").read_text()
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            if not children or Path(f"/proc/{children[0]}/comm").read_text() != "systemd\n":
                return None
            made = Box(int(children[0]))
            state = made.run("systemctl", "is-system-running").stdout.strip()
            return made if state in ("running", "degraded") else None

        yield settled(booted)
    finally:
        process.send_signal(signal.SIGKILL)  # and with it everything in its namespaces
        process.wait(PATIENCE)

        def gone() -> bool | None:
            try:
                for inner in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                    inner.rmdir()
                group.rmdir()
            except FileNotFoundError:
                return True
            except OSError:  # the last processes are on their way out
                return None
            return True

        settled(gone)


def _cgroups() -> Path | None:
    """Return where the unified hierarchy of control groups is."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None
