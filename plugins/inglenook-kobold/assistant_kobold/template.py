"""A conversation as text that a model goes on with.

KoboldCpp's own interface takes a prompt, not messages. The formats are those that models were trained with, told by the
marks in their chat templates; what nobody knows is written as Alpaca, as KoboldCpp does.
Source: https://github.com/LostRuins/koboldcpp/tree/concedo/kcpp_adapters (1.102)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant import ChatMessage, TextPart, ToolResult
from assistant_kobold.options import KoboldOptions

__all__ = ["FORMATS", "Format", "begun", "format_of", "prompt_of"]

_TOKEN = re.compile(r"<[^<>\s]+>|\[/?INST\]")
"""Marks that are a token of their own."""


@dataclass(frozen=True, slots=True)
class Format:
    """How turns are marked."""

    name: str
    """Its name among the options."""
    shown_by: str
    """Text in a model's chat template by which it is told; empty where nothing tells it."""
    named: str
    """Regular expression that names of such models match; empty where names do not tell."""
    user: tuple[str, str]
    """What stands before and after what a person says."""
    assistant: tuple[str, str]
    """What stands before and after what the model says."""
    system: tuple[str, str] | None = None
    """What stands before and after what the model is told first; None where that is part of the first turn."""

    @property
    def stops(self) -> tuple[str, ...]:
        """Return texts that begin or end a turn: the reply is over where one comes."""
        return tuple(dict.fromkeys(mark.strip() for mark in self._marks if mark.strip()))

    @property
    def tokens(self) -> tuple[str, ...]:
        """Return what nobody may say: the same, and the tokens that they are made of."""
        return tuple({*_TOKEN.findall("".join(self._marks)), *(stop for stop in self.stops if len(stop) > 1)})

    @property
    def _marks(self) -> tuple[str, ...]:
        return (*self.user, *self.assistant, *(self.system or ()))


FORMATS = (
    Format(
        "chatml",
        "<|im_start|>",
        r"qwen|smollm|hermes|yi-|chatml",
        ("<|im_start|>user\n", "<|im_end|>\n"),
        ("<|im_start|>assistant\n", "<|im_end|>\n"),
        ("<|im_start|>system\n", "<|im_end|>\n"),
    ),
    Format(
        "llama-3",
        "<|start_header_id|>",
        r"llama-?3",
        ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
        ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
        ("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
    ),
    Format(
        "gemma",
        "<start_of_turn>",
        r"gemma",
        ("<start_of_turn>user\n", "<end_of_turn>\n"),
        ("<start_of_turn>model\n", "<end_of_turn>\n"),
    ),
    Format(
        "command-r",
        "<|START_OF_TURN_TOKEN|>",
        r"command-?r|aya",
        ("<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        ("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        ("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    ),
    Format(
        "phi-3",
        "<|end|>",
        r"phi-?3",
        ("<|user|>\n", "<|end|>\n"),
        ("<|assistant|>\n", "<|end|>\n"),
        ("<|system|>\n", "<|end|>\n"),
    ),
    Format("mistral", "[INST]", r"mi[sx]tral|ministral|nemo", ("[INST] ", "[/INST]"), (" ", "</s>")),
    Format("vicuna", "USER:", r"vicuna|wizardlm", ("USER: ", "\n"), ("ASSISTANT:", "</s>\n"), ("", "\n\n")),
    Format("alpaca", "", "", ("### Instruction:\n", "\n\n"), ("### Response:\n", "\n\n"), ("", "\n\n")),
)
"""Every format; what is told by most comes first."""


_SWITCH = "enable_thinking"
"""What the template of a model asks that can do without thinking."""
_NO_THOUGHT = "<think>\n\n</think>\n\n"
"""What such a template begins a reply with then, as Qwen3's does."""


def format_of(options: KoboldOptions, template: str, model: str) -> Format:
    """Return how a conversation is written for a *model*, whose chat *template* is empty where nobody knows it."""
    if options.template != "auto":
        found = next(each for each in FORMATS if each.name == options.template)
    else:
        shown = (each for each in FORMATS if each.shown_by and each.shown_by in template)
        named = (each for each in FORMATS if each.named and re.search(each.named, model, re.IGNORECASE))
        found = next(shown, None) or next(named, FORMATS[-1])
    own = options.adapter
    system = found.system or ("", "")
    changed = replace(
        found,
        user=(own.get("user_start", found.user[0]), own.get("user_end", found.user[1])),
        assistant=(own.get("assistant_start", found.assistant[0]), own.get("assistant_end", found.assistant[1])),
        system=(own.get("system_start", system[0]), own.get("system_end", system[1])),
    )
    keeps = found.system is None and not own.keys() & {"system_start", "system_end"}
    return replace(changed, system=None) if keeps else changed


def begun(options: KoboldOptions, template: str) -> str:
    """Return what a reply begins with, so that a model does not think first that need not."""
    return _NO_THOUGHT if _SWITCH in template and not options.think else ""


def prompt_of(messages: Sequence[ChatMessage], form: Format, reply: str = "") -> str:
    """Return a conversation up to where the model is to go on: after what it said where that is the last message.

    Else after the beginning of a *reply*. Marks of turns within what was said are taken out of it.
    """
    turns: list[tuple[str, str]] = [
        (message.role, text) for message in messages if (text := _said(message, form)).strip()
    ]
    if form.system is None:
        turns = _told_first(turns)
    marks = {"system": form.system or form.user, "assistant": form.assistant}
    written = ""
    for role, text in turns:
        start, end = marks.get(role, form.user)
        written += start + text.strip() + end
    if turns and turns[-1][0] == "assistant":
        end, text = form.assistant[1], turns[-1][1]
        return written.removesuffix(text.strip() + end) + text.lstrip()
    return written + form.assistant[0].rstrip(" ") + reply


def _told_first(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the turns with what the model is told first in the first turn of a person."""
    told = [text.strip() for role, text in turns if role == "system"]
    others = [(role, text) for role, text in turns if role != "system"]
    if told and (not others or others[0][0] == "assistant"):
        return [("user", "\n\n".join(told)), *others]
    if told:
        others[0] = ("user", "\n\n".join([*told, others[0][1].strip()]))
    return others


def _said(message: ChatMessage, form: Format) -> str:
    """Return the words of a message, and what tools returned, without anything that would pass for a turn."""
    words = (
        part.text if isinstance(part, TextPart) else part.content
        for part in message.parts
        if isinstance(part, TextPart | ToolResult)
    )
    text = "\n".join(filter(None, words))
    while found := [mark for mark in form.tokens if mark in text]:  # taking one out could make another
        for mark in found:
            text = text.replace(mark, "")
    return text
