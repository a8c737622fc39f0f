"""The configuration as it is being put together: what is in force, and the answers so far above it."""

import copy
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant.config import Loaded, load
from assistant.paths import config_file

__all__ = ["Draft"]

Keys = tuple[str, ...]


class Draft:
    """Answers that are not written yet, and the configuration that they would make.

    The first assistant and the first device are set up. Whatever else is configured stays as it is.
    """

    def __init__(self, named: Path | None) -> None:
        self.file = named or config_file()
        """Where the answers will be written."""
        self._named = named
        self._is_named = named is not None or "INGLENOOK_CONFIG" in os.environ
        self.changes: dict[str, Any] = {}
        """The answers, as a tree of configuration."""
        loaded = self._load()
        self.assistant = next(iter(loaded.config.assistants))
        self.device = next(iter(loaded.config.devices), "")
        if not self.device:
            self.device = "room"
            self.set({}, "devices", self.device)

    def set(self, value: Any, *keys: str) -> None:
        """Answer what a key shall be."""
        branch = self.changes
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
        branch[keys[-1]] = value

    def loaded(self, trial: Mapping[str, Any] | None = None) -> Loaded:
        """Read the configuration with the answers so far, and with a *trial* above them that is not kept.

        They are laid over it as variables of the environment are; raises ConfigError where one does not fit.
        """
        tree = copy.deepcopy(self.changes)
        for path, value in _leaves(trial or {}):
            branch = tree
            for key in path[:-1]:
                branch = branch.setdefault(key, {})
            branch[path[-1]] = value
        variables = {
            "INGLENOOK__" + "__".join(_spelled(key) for key in path): json.dumps(value) for path, value in _leaves(tree)
        }
        return self._load(variables)

    def _load(self, variables: Mapping[str, str] | None = None) -> Loaded:
        """Read the file, or an empty one in its place where it was named and is still to be made."""
        named = self._named if self.file.exists() or not self._is_named else Path(os.devnull)
        return load(named, {**os.environ, **(variables or {})})

    def answered(self) -> list[Keys]:
        """Return the keys that were answered."""
        return [path for path, _ in _leaves(self.changes)]

    def model(self, kind: str) -> str:
        """Return the id of the model that the assistant or the device uses for something; of several, the first of this
        configuration's `models`: others are another server's."""
        config = self.loaded().config
        device, assistant = config.devices[self.device], config.assistants[self.assistant]
        listed = {"stt": assistant.ears, "tts": assistant.voices, "chat": assistant.chats}
        named = listed[kind] if kind in listed else (str(getattr(device, kind)),)
        return next((model for model in named if model in config.models), next(iter(named), ""))

    def engine(self, kind: str) -> str:
        """Return the engine of that model; its own name where it is another server's."""
        model = self.model(kind)
        section = self.loaded().config.models.get(model)
        return section.engine if section else model


def _leaves(tree: Mapping[str, Any], path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Yield the values of a tree; below an id and a section, a mapping is one value: its keys may be any names."""
    for key, value in tree.items():
        if isinstance(value, dict) and value and len(path) < 2:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _spelled(key: str) -> str:
    return re.sub(r"\W", "_", key).upper()
