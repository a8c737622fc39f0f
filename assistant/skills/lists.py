"""Lists: "add milk and eggs to the shopping list", "what is on my packing list", "clear the to-do list"."""

import re
from collections.abc import Iterable, Sequence

from assistant.chat import ToolSpec
from assistant.skill import Ask, Asked, Reply, Skill
from assistant.skills.localised import joined
from assistant.skills.words import SENTENCES, words
from assistant.state.lists import Lists
from assistant.undo import Undos

__all__ = ["label", "lists"]

_SHOPPING = "shopping"
"""The list that is meant where none is named; `todo` is the other that every language has a name for."""
_SAID = 12
"""Things that are read out; whoever has more of them on a list will look at it."""
_MOST = 20
"""Things that are added at once."""
_LONGEST = 100
"""Characters of one of them, and of the name of a list."""

_LIST = {"type": "string", "description": "Name of the list: `shopping`, `todo`, or another."}
_TOOLS = {
    "HassListAddItem": ToolSpec(
        "add_to_list",
        "Write something on one of the person's lists.",
        {
            "type": "object",
            "properties": {"item": {"type": "string"}, "name": _LIST},
            "required": ["item", "name"],
        },
    ),
    "InglenookListRead": ToolSpec(
        "read_list",
        "Read what is on one of the person's lists.",
        {"type": "object", "properties": {"name": _LIST}, "required": ["name"]},
    ),
}
_EXAMPLES = {
    "en": (
        "Add milk and eggs to the shopping list",
        "What is on my shopping list?",
        "Take milk off the shopping list",
        "Which lists do I have?",
    ),
    "de": (
        "Setze Milch und Eier auf die Einkaufsliste",
        "Was steht auf der Einkaufsliste?",
        "Streiche Milch von der Einkaufsliste",
        "Welche Listen habe ich?",
    ),
    "fr": (
        "Ajoute du lait et des œufs à la liste de courses",
        "Qu'y a-t-il sur la liste de courses ?",
        "Enlève du lait de la liste de courses",
        "Quelles listes est-ce que j'ai ?",
    ),
    "es": (
        "Añade leche y huevos a la lista de la compra",
        "¿Qué hay en la lista de la compra?",
        "Quita leche de la lista de la compra",
        "¿Qué listas tengo?",
    ),
}


def lists(kept: Lists, undos: Undos) -> Skill:
    """Return the skill; *kept* is where the lists are."""
    skill = _Lists(kept, undos)
    return Skill(
        name="lists",
        intents={
            "HassShoppingListAddItem": skill.add,
            "HassShoppingListCompleteItem": skill.remove,
            "HassListAddItem": skill.add,
            "HassListCompleteItem": skill.remove,
            "HassListRemoveItem": skill.remove,
            "InglenookListRead": skill.read,
            "InglenookListClear": skill.clear,
            "InglenookLists": skill.names,
        },
        reads=frozenset({"InglenookListRead", "InglenookLists"}),
        foreign=frozenset({"InglenookListRead", "InglenookLists"}),  # anybody may write on them
        takes=_names_a_list,
        tools=_TOOLS,
        sentences=SENTENCES,
        examples=_EXAMPLES,
    )


def label(name: str, language: str) -> str:
    """Return what a list is called in a sentence: `shopping list`."""
    labels = words("lists", language, "list_label")
    if name in labels:
        return labels[name]
    noun = name.capitalize() if language.startswith("de") else name
    return noun if labels["word"] in name else labels["other"].format(noun)


def _names_a_list(asked: Asked) -> bool:
    """Tell whether a name that may be any words can be a list's: `Packliste`, but not `den Tisch`."""
    if "entity_ids" in asked.slots:
        return False  # a list of Home Assistant's
    name = asked.slots.get("name", "")
    if not name or not asked.text or name in words("lists", asked.language, "list_known").values():
        return True
    return len(name) <= _LONGEST and words("lists", asked.language, "list_label")["word"] in asked.text.casefold()


def _list(asked: Asked) -> str:
    name = " ".join(asked.slots.get("name", "").split()).casefold()
    return words("lists", asked.language, "list_known").get(name, name) or _SHOPPING


def _things(asked: Asked) -> list[str]:
    """Return what was named, one by one and without articles: `some milk, eggs and bread` are three."""
    links = _any(words("lists", asked.language, "list_and"))
    articles = _any(words("lists", asked.language, "list_article"))
    slot = asked.slots.get("item", "")
    with_commas = re.search(r"\W+".join(map(re.escape, slot.split())), asked.text)  # the slot has lost them
    said = re.split(
        rf"\s*[,;]\s*(?:{links}\s+)?|\s+{links}\s+", with_commas[0] if with_commas else slot, flags=re.IGNORECASE
    )
    things = (re.sub(rf"^{articles}(?:\s+|(?<='))", "", part.strip(" .!?"), flags=re.IGNORECASE) for part in said)
    return [thing[:_LONGEST] for thing in things if thing][:_MOST]


def _any(phrases: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(phrases, key=len, reverse=True)))})"


def _meant(thing: str, there: Sequence[str]) -> list[str]:
    """Return what on a list is called so, or is the only thing whose name has these words."""
    if same := [item for item in there if item.casefold() == thing.casefold()]:
        return same
    like = [item for item in there if f" {thing.casefold()} " in f" {item.casefold()} "]
    return like if len(like) == 1 else []


class _Lists:
    def __init__(self, kept: Lists, undos: Undos) -> None:
        self._kept = kept
        self._undos = undos

    async def add(self, asked: Asked) -> Reply:
        name, things = _list(asked), _things(asked)
        added = await self._kept.add(name, things, asked.person)
        if not added:
            return self._reply("there", name, asked, things)

        async def undo(language: str) -> str:
            await self._kept.remove(name, added)
            return _as_before(name, language)

        self._undos.offer(asked.device, undo)
        return self._reply("added", name, asked, added)

    async def remove(self, asked: Asked) -> Reply:
        name, things = _list(asked), _things(asked)
        there = await self._kept.items(name)
        gone = [item for thing in things for item in _meant(thing, there)]
        if not gone:
            return self._reply("missing", name, asked, things)
        await self._take_off(name, gone, asked)
        return self._reply("removed", name, asked, gone)

    async def read(self, asked: Asked) -> Reply:
        name = _list(asked)
        there = await self._kept.items(name)
        if not there:
            return self._reply("empty", name, asked, ())
        more = len(there) - _SAID
        return self._reply("more" if more > 0 else "read", name, asked, there[:_SAID], more=more)

    async def clear(self, asked: Asked) -> Reply:
        name = _list(asked)
        there = await self._kept.items(name)
        if not there:
            return self._reply("empty", name, asked, ())

        async def clear(yes: str) -> Reply:
            await self._take_off(name, there, asked)
            return self._reply("cleared", name, asked, ())

        reply = self._reply("sure", name, asked, (), count=len(there))
        return Reply(key=reply.key, facts=reply.facts, asks=Ask(clear))

    async def names(self, asked: Asked) -> Reply:
        found = [label(name, asked.language) for name in await self._kept.names()]
        return Reply(key="lists" if found else "none", facts={"lists": joined(found, asked.language)})

    async def _take_off(self, name: str, items: Sequence[str], asked: Asked) -> None:
        await self._kept.remove(name, items)

        async def undo(language: str) -> str:
            await self._kept.add(name, items, asked.person)
            return _as_before(name, language)

        self._undos.offer(asked.device, undo)

    def _reply(self, key: str, name: str, asked: Asked, items: Sequence[str], **facts: int) -> Reply:
        said = {"list": label(name, asked.language), "things": joined(items, asked.language)}
        return Reply(key=key, facts={**said, **facts})


def _as_before(name: str, language: str) -> str:
    return words("lists", language, "list_label")["undone"].format(label(name, language))
