"""In which order chat models are asked: by what they can, by the owner's strategy, by what is known of their health."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assistant.chat import ChatRequest
from assistant.config.section import Balance, Strategy
from assistant.engines import Capabilities
from assistant.errors import UnfitRequest
from assistant.host import Candidate
from assistant.routing.breaker import State
from assistant.routing.health import Health
from assistant.routing.needs import Lacking, likely_task, likely_tokens, unread

__all__ = ["Choice", "Decision", "Route", "Routing"]

_CONVERSATIONS = 1024
"""Conversations of which is known who answered last; the longest unused goes first."""

AskPlugins = Callable[[ChatRequest, tuple[Candidate, ...]], str | None]


def _nobody(request: ChatRequest, candidates: tuple[Candidate, ...]) -> None:
    """Choose nobody."""


class _Section(Protocol):
    """A section of the configuration that names chat models."""

    @property
    def tiers(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def strategy(self) -> Strategy: ...
    @property
    def balance(self) -> Balance: ...
    @property
    def task(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Route:
    """The chat models of which one is to answer."""

    tiers: tuple[tuple[str, ...], ...]
    """Their ids, in order of preference; those of one tier are as good as each other."""
    strategy: Strategy = "order"
    """What they are chosen by."""
    balance: Balance = "least_busy"
    """How requests are shared among those of a tier."""
    task: str = ""
    """What they are asked for; empty where only the request tells."""

    @classmethod
    def of(cls, section: _Section) -> "Route":
        """Return the route of an assistant or an alias."""
        return cls(section.tiers, section.strategy, section.balance, section.task)

    @property
    def models(self) -> tuple[str, ...]:
        """Return every id."""
        return tuple(model for tier in self.tiers for model in tier)


@dataclass(frozen=True, slots=True)
class Choice:
    """A chat model, and why it stands where it does."""

    model: str
    """Its id."""
    why: str
    """The reason, in words."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is asked, in this order, and who is not."""

    asked: tuple[Choice, ...]
    """The first answers; each other one where those before it fail."""
    left_out: tuple[Choice, ...] = ()
    """Who cannot answer."""
    preferred: str = ""
    """Who would be the first, were nobody asleep and had nobody failed."""

    @property
    def models(self) -> tuple[str, ...]:
        """Return the ids of those who are asked."""
        return tuple(choice.model for choice in self.asked)


@dataclass
class Routing:
    """Decide who answers, with what is known of all who could."""

    health: Health = field(default_factory=Health)
    """What is known of each."""
    _answered: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    def decide(
        self,
        route: Route,
        candidates: Sequence[Candidate],
        request: ChatRequest,
        *,
        ask_plugins: AskPlugins = _nobody,
        lacking: Lacking = unread,
        ablest: bool = False,
        task: str = "",
    ) -> Decision:
        """Return who of *candidates*, which are those of *route* that are there, answers *request*.

        A plugin may choose the first; with *ablest* the biggest come first, otherwise those who are good at the *task*:
        that of the route, or what the request tells, where none is given. Who failed lately, or is likely to find the
        request too long, comes after all others, but is not left out: the last hope is asked, too. Raises UnfitRequest
        where nobody can answer.
        """
        private = route.strategy == "private"
        missing = {one.id: lacking(request, one.capabilities) for one in candidates}
        away = [one.id for one in candidates if private and not one.capabilities.local]
        fitting = tuple(one for one in candidates if not missing[one.id] and one.id not in away)
        if not fitting:
            wanted = {what for every in missing.values() for what in every.split(", ") if what}
            raise UnfitRequest(
                f"no chat model takes {', '.join(sorted(wanted)) or 'what is private'}: {', '.join(missing)} cannot",
                hint="add a model that can to the assistant's `chat` list",
            )
        order = _Order(self.health, route, fitting, self._answered.get(_beginning(request), ""), ablest)
        chosen = ask_plugins(request, fitting)
        task = "" if ablest else task or route.task or likely_task(request)
        tokens = likely_tokens(request)

        def key(one: Candidate) -> tuple[bool, bool, bool, bool, tuple[float, ...]]:
            resting, can = self.health.state(one.id) is State.OPEN, one.capabilities
            return resting, one.id != chosen, _too_long(tokens, can), task not in can.good_at, order.key(one)

        def why(one: Candidate) -> str:
            if self.health.state(one.id) is State.OPEN:
                return "its server does not answer" if self.health.silence(one.id) else "it failed lately"
            if one.id == chosen:
                return "a plugin chose it"
            if _too_long(tokens, one.capabilities):
                return f"the request may be too long for its {one.capabilities.context} tokens"
            if task in one.capabilities.good_at:
                return f"it is good at {task}"
            return order.why(one)

        asked = tuple(Choice(one.id, why(one)) for one in sorted(fitting, key=key))
        left_out = [Choice(id_, f"it takes no {what}") for id_, what in missing.items() if what]
        left_out += [Choice(id_, "it is not on this machine") for id_ in away]
        preferred = min(fitting, key=lambda one: key(one)[1:])
        return Decision(asked, tuple(left_out), preferred.id)

    def answered(self, request: ChatRequest, model: str) -> None:
        """Note who answered: there the beginning of the conversation is read already."""
        self._answered[_beginning(request)] = model
        self._answered.move_to_end(_beginning(request))
        while len(self._answered) > _CONVERSATIONS:
            self._answered.popitem(last=False)

    def knows(self, request: ChatRequest, model: str) -> bool:
        """Tell whether a model answered last in the conversation of *request*."""
        return self._answered.get(_beginning(request)) == model


class _Order:
    """The order of models that are all well."""

    def __init__(self, health: Health, route: Route, candidates: Sequence[Candidate], known: str, ablest: bool) -> None:
        self._health = health
        self._strategy = "accuracy" if ablest else route.strategy
        self._balance = route.balance
        self._places = {id_: place for place, tier in enumerate(route.tiers) for id_ in tier}
        self._tiers = route.tiers
        self._known = known if known and self._as_free_as_any(known, candidates) else ""

    def key(self, one: Candidate) -> tuple[float, ...]:
        """Return what sorts it."""
        return self._merit(one), self._places[one.id], one.id != self._known, *self._burden(one)

    def why(self, one: Candidate) -> str:
        """Return its merit in words."""
        place = f"number {self._places[one.id] + 1} of the list"
        if self._strategy == "performance":
            seconds = self._merit(one)
            return f"a reply in {seconds:.1f} s is expected" if seconds else "it was never measured"
        if self._strategy == "accuracy":
            return f"{one.capabilities.rank} million parameters" if one.capabilities.rank else "its size is not known"
        if self._strategy == "cost":
            return f"{one.capabilities.price:g} for a million tokens"
        if len(self._tiers[self._places[one.id]]) == 1:
            return place
        if one.id == self._known:
            return f"{place}, where the conversation is known"
        return f"{place}, {self._balance}"

    def _merit(self, one: Candidate) -> float:
        can = one.capabilities
        match self._strategy:
            case "performance":
                return self._health.measured(one.id).expected(can.parallel)
            case "accuracy":
                return -can.rank
            case "cost":
                return can.price
        return 0.0

    def _burden(self, one: Candidate) -> tuple[float, float]:
        """Return what sorts those of one tier, and what those who are equal in that."""
        measured, can = self._health.measured(one.id), one.capabilities
        match self._balance:
            case "round_robin":
                return measured.asked, 0
            case "fastest":
                return measured.expected(can.parallel), measured.asked
            case "weighted":
                return max(measured.share, self._health.share), measured.asked
        return measured.at_work / can.parallel, measured.asked

    def _as_free_as_any(self, model: str, candidates: Sequence[Candidate]) -> bool:
        loads = {one.id: self._health.measured(one.id).at_work / one.capabilities.parallel for one in candidates}
        return loads.get(model, 1.0) <= min(loads.values())


def _beginning(request: ChatRequest) -> str:
    """Return what names a conversation: its own name, or what it begins with."""
    if request.conversation:
        return request.conversation
    first = next((at for at, message in enumerate(request.messages) if message.role == "user"), 0)
    return str(hash(tuple((message.role, message.text) for message in request.messages[: first + 1])))


def _too_long(tokens: int, capabilities: Capabilities) -> bool:
    return 0 < capabilities.context < tokens
