"""What is known of one language: Home Assistant's sentences and responses, those of the skills, and the owner's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import home_assistant_intents
from hassil import IntentData, Intents, Sentence, SlotList, WildcardSlotList, parse_sentence
from hassil.intents import Intent

from assistant_intents.beginning import Beginnings
from assistant_intents.files import CannotUse, check_list, fault, read, usable
from assistant_intents.slips import words_of

__all__ = ["OWN", "Language", "load", "tag_of"]

OWN = "own"
"""Key in the metadata of the sentences of the owner."""
_DIALECTS = {"de-ch": "de", "no": "nb", "zh": "zh-CN"}
"""What the package calls otherwise: its `de-CH` is the dialect, and recognisers write High German."""
_HOUSE = ("name", "area", "floor")
"""Lists that the names of the house fill."""


@dataclass(frozen=True, slots=True)
class Language:
    """Sentences and responses of one language."""

    intents: Intents
    """The templates."""
    responses: dict[str, dict[str, str]]
    """Templates of what is said, by intent and key; `errors` has those of what goes wrong."""
    packaged: frozenset[str]
    """The intents that Home Assistant has; all others are the skills' and the owner's."""
    words: frozenset[str]
    """All words that its sentences have."""
    beginnings: Beginnings
    """How its sentences begin."""


def tag_of(language: str) -> str:
    """Return the name under which the package has the language of a BCP-47 tag; empty where it has none."""
    have = {tag.lower(): tag for tag in home_assistant_intents.get_languages()}
    tag = language.replace("_", "-").lower()
    tag = _DIALECTS.get(tag, tag)
    while tag:
        if tag.lower() in have:
            return have[tag.lower()]
        tag = tag.rpartition("-")[0]
        tag = _DIALECTS.get(tag, tag)
    return ""


def load(language: str, folders: Iterable[str], own: Iterable[str]) -> Language:
    """Read all that is known of *language*, a BCP-47 tag; what is broken in a folder's file is told and left out.

    *folders* are those of the skills, and *own* those of the owner, whose sentences go before all others.
    """
    packaged = home_assistant_intents.get_intents(tag_of(language)) or {"language": language, "intents": {}}
    intents = Intents.from_dict(packaged)
    names = frozenset(intents.intents)
    said = packaged.get("responses", {})
    responses = {**said.get("intents", {}), "errors": said.get("errors", {})}
    for places, marks in ((folders, {}), (own, {OWN: True})):
        for place in places:
            for tag in _tags(language):
                _Folder(intents, responses, list(read(Path(place) / tag)), marks).add()
    words = words_of(intents)
    return Language(intents, responses, names, words, Beginnings(intents, words))


def _tags(language: str) -> list[str]:
    """Return the names of the folders that may have a language: `de`, then `de-AT`."""
    parts = language.split("-")
    return ["-".join(parts[:n]) for n in range(1, len(parts) + 1)]


class _Folder:
    """One folder of one language. Its lists and rules are its own: what they are called elsewhere does not matter."""

    def __init__(
        self,
        intents: Intents,
        responses: dict[str, dict[str, str]],
        files: list[tuple[Path, dict[str, Any]]],
        marks: Mapping[str, Any],
    ) -> None:
        self._intents = intents
        self._responses = responses
        self._files = files
        self._marks = marks
        self._rules: dict[str, Sentence] = {}
        self._lists: dict[str, SlotList] = {}

    def add(self) -> None:
        """Add what the folder's files say to what is known."""
        for file, tree in self._files:
            self._read_rules(file, _mapping(file, tree, "expansion_rules"))
        for file, tree in self._files:
            self._read_lists(file, _mapping(file, tree, "lists"))
        for file, tree in self._files:
            for intent, section in _mapping(file, tree, "intents").items():
                for data in _sequence(file, intent, section, "data"):
                    self._read_data(file, intent, data)
            responses = _mapping(file, _mapping(file, tree, "responses"), "intents")
            for intent, templates in responses.items():
                if isinstance(templates, dict) and all(isinstance(text, str) for text in templates.values()):
                    self._responses.setdefault(intent, {}).update(templates)
                else:
                    fault(file, intent, f"responses.{intent} is no mapping of keys to templates")

    def _read_rules(self, file: Path, rules: dict[str, Any]) -> None:
        for name, body in rules.items():
            try:
                self._rules[name] = parse_sentence(body, keep_text=True)
            except Exception:  # the library raises many sorts
                fault(file, name, f"the rule <{name}> is no template")

    def _read_lists(self, file: Path, lists: dict[str, Any]) -> None:
        for name, body in lists.items():
            try:
                read = Intents.from_dict({"language": "", "intents": {}, "lists": {name: body}}).slot_lists[name]
                check_list(read, self._all_rules)
            except CannotUse as error:
                fault(file, name, f"the list {{{name}}}: {error}")
            except Exception:  # the library raises many sorts
                fault(file, name, f"the list {{{name}}} is neither values, nor a range, nor a wildcard")
            else:
                self._lists[name] = read
                if isinstance(read, WildcardSlotList):  # hassil looks there, to leave "please" in what is free
                    self._intents.slot_lists.setdefault(name, read)

    @property
    def _all_rules(self) -> dict[str, Sentence]:
        return {**self._intents.expansion_rules, **self._rules}

    def _read_data(self, file: Path, intent: str, data: Any) -> None:
        """Add one block of sentences; those that cannot be matched are left out one by one."""
        lists = {**self._intents.slot_lists, **dict.fromkeys(_HOUSE), **self._lists}
        templates = []
        for template in _sequence(file, intent, data, "sentences"):
            try:
                usable(template, lists, self._all_rules)
            except CannotUse as error:
                fault(file, template, f"{intent}: {error}")
            else:
                templates.append(str(template))
        if not templates:
            return
        block = IntentData(
            templates,
            slots=_mapping(file, data, "slots"),
            response=data.get("response"),
            requires_context=_mapping(file, data, "requires_context"),
            excludes_context=_mapping(file, data, "excludes_context"),
            expansion_rules=self._rules,
            slot_lists=self._lists,
            wildcard_list_names={name for name, read in lists.items() if isinstance(read, WildcardSlotList)},
            metadata={**_mapping(file, data, "metadata"), **self._marks},
        )
        self._intents.intents.setdefault(intent, Intent(intent)).data.append(block)


def _mapping(file: Path, tree: Any, key: str) -> dict[str, Any]:
    """Return a section that is a mapping from names; empty where it is missing or something else, which is told."""
    section = tree.get(key) if isinstance(tree, dict) else None
    if section is None:
        return {}
    if isinstance(section, dict) and all(isinstance(name, str) for name in section):
        return section
    fault(file, 0, f"{key} is no mapping from names")
    return {}


def _sequence(file: Path, intent: str, tree: Any, key: str) -> list[Any]:
    """Return a section that is a list; empty where it is something else, which is told."""
    section = tree.get(key) if isinstance(tree, dict) else None
    if isinstance(section, list):
        return section
    fault(file, intent, f"{intent} has no list of {key}")
    return []
