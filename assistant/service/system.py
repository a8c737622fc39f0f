"""The system service: a user, an environment in /opt, the state in /var/lib, a unit."""

from pathlib import Path

from assistant.service import places
from assistant.service.environment import constraints, new_environment, requirements, running_environment
from assistant.service.machine import Machine
from assistant.service.plan import Change, Command, File, Link, Plan, Removal
from assistant.service.units import system_unit_text, sysusers

__all__ = ["system_install", "system_uninstall"]


def system_install(machine: Machine, python: Path, *, models: bool = True) -> Plan:
    """Return the steps to the system service, with an environment that *python* makes.

    Where the one that runs is the service's own, it stays: so install.sh and upgrades fill one and then call this.
    """
    here = running_environment()
    environment = here or new_environment()
    assistant = environment / "bin" / "assistant"
    steps: list[Change] = [
        File(places.SYSUSERS, sysusers()),
        Command(("systemd-sysusers", str(places.SYSUSERS)), "make the user"),
        _folder(places.STATE, places.USER, "0700"),
        *(() if here else _fill(environment, python)),
        Command((str(assistant), "--version"), "see that it runs"),
        Link(places.CURRENT, environment),
    ]
    if models:
        steps.append(
            Command(
                ("runuser", "-u", places.USER, "--", str(assistant), "models", "pull"),
                "fetch the models",
                needed=False,
                variables={"INGLENOOK_HOME": str(places.STATE), "HOME": str(places.STATE)},
            )
        )
    steps += [
        File(places.SYSTEM_UNIT, system_unit_text(machine.systemd)),
        Command(("systemctl", "daemon-reload"), "read the unit"),
        Command(("systemctl", "enable", "inglenook.service"), "start it at boot"),
        Command(("systemctl", "restart", "--no-block", "inglenook.service"), "start it now"),
    ]
    return Plan(
        tuple(steps),
        (
            f"configuration: {places.STATE}/config/assistant.yaml (without it, the built-in one)",
            f"commands for it: sudo -u {places.USER} INGLENOOK_HOME={places.STATE} {places.COMMAND} check",
            "how it does: assistant service status; its log: journalctl -u inglenook",
        ),
    )


def system_uninstall(*, purge: bool = False) -> Plan:
    """Return the steps that take the system service away; *purge* takes its configuration, models and state too."""
    steps: list[Change] = [
        Command(("systemctl", "disable", "--now", "inglenook.service"), "stop it", needed=False),
        Removal(places.SYSTEM_UNIT),
        Removal(places.PREFIX),
        Removal(places.SYSUSERS),
        Command(("systemctl", "daemon-reload"), "forget the unit"),
    ]
    if purge:
        steps.append(Removal(places.STATE))
        steps.append(Command(("userdel", places.USER), "remove the user", needed=False))
        return Plan(tuple(steps))
    return Plan(tuple(steps), (f"kept: {places.STATE} and the user {places.USER}; --purge removes them",))


def _fill(environment: Path, python: Path) -> tuple[Change, ...]:
    """Return the steps to an environment like the one that runs."""
    versions = environment.with_name(f"{environment.name}.txt")
    pip = (str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
    return (
        _folder(places.VERSIONS, "root", "0755"),
        File(versions, constraints()),
        Command((str(python), "-m", "venv", str(environment)), "make the environment"),
        Command((*pip, "install", "--quiet", f"--constraint={versions}", *requirements()), "install Inglenook into it"),
    )


def _folder(path: Path, owner: str, mode: str) -> Command:
    return Command(("install", "-d", "-o", owner, "-m", mode, str(path)), "make the folder")
