"""Which of the tools a chat model is offered in a turn.

What a model is told of its tools stands before everything else in its prompt, so a change of it costs the reading of
the whole prompt. Where there are no more tools than are offered at once, it never changes. Where there are more, those
of the last question stay for as long as the next one needs no other.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.chat import ChatMessage, ChatRequest
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.tools.granted import Granted, granted
from assistant.pipeline.turn import Turn

__all__ = ["Offer", "offer", "selected"]

_NEEDED = 3
"""Tools that fit a question best, and must be among those that are offered."""
_STEM = 5
"""Letters of a word that count: "timers" is "timer"."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools of one request."""

    request: ChatRequest
    """What the model is asked, tools included."""
    tools: Mapping[str, Granted]
    """What it may call, by name; what the question needs first."""
    kept_back: Collection[str] = ()
    """Names of the assistant's tools that this person may not use."""


def offer(request: ChatRequest, model: str, conversation: Conversation, turn: Turn) -> Offer:
    """Return *request* with the tools that *model* is offered: none where it is too small, or cannot call any."""
    capabilities = turn.equipment.pool.model(model).capabilities
    if not capabilities.tools or 0 < capabilities.rank < turn.config.tools_from:
        return Offer(request, {})
    every = granted(turn)
    allowed = {name: tool for name, tool in every.items() if turn.person or tool.risk != "sensitive"}
    kept_back = [name for name in every if name not in allowed]
    asked = request.messages[-1].text if request.messages[-1].role == "user" else ""
    tools = selected(allowed, asked, conversation.offered, turn.config.tools_at_once)
    if kept_back:
        request = _with_rule(request, kept_back)
    specs = tuple(tools[name].spec for name in sorted(tools))
    return Offer(replace(request, tools=specs), tools, kept_back)


def selected(tools: Mapping[str, Granted], text: str, before: Sequence[str], most: int) -> dict[str, Granted]:
    """Return *most* of *tools* at most, the best first: those of *before* where they have all that *text* needs.

    Otherwise those that fit *text* best come first, then those of *before*, then the first of the alphabet.
    """
    if len(tools) <= most:
        return dict(tools)
    scores = _scores(tools, text)
    needed = [name for name in sorted(tools, key=lambda name: (-scores[name], name)) if scores[name] > 0][:_NEEDED]
    kept = [name for name in before if name in tools]
    enough = kept and set(needed) <= set(kept)
    chosen = dict.fromkeys([*needed, *kept, *(() if enough else tools)])
    return {name: tools[name] for name in [*chosen][:most]}


def _scores(tools: Mapping[str, Granted], text: str) -> dict[str, float]:
    """Return how well each tool fits *text*: the rarer a word is among the tools, the more it says."""
    about = {name: _stems(f"{name} {tool.spec.description} {tool.words}") for name, tool in tools.items()}
    asked = _stems(text)
    known = Counter(stem for stems in about.values() for stem in stems)
    return {
        name: sum(math.log(1 + len(about) / known[stem]) for stem in asked & stems) for name, stems in about.items()
    }


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"[^\W_]{3,}", text.lower())}


def _with_rule(request: ChatRequest, kept_back: Collection[str]) -> ChatRequest:
    """Return *request* with a system message that says what is not done for somebody who is not known."""
    rule = (
        "You do not know who is speaking. These are done only for people whom you know: "
        f"{', '.join(name.replace('_', ' ') for name in kept_back)}. Say so where you are asked for one of them."
    )
    first, *rest = request.messages
    if first.role != "system":
        return replace(request, messages=(ChatMessage.of("system", rule), *request.messages))
    return replace(request, messages=(ChatMessage.of("system", f"{first.text}\n{rule}"), *rest))
