"""The language step."""

import re
from collections.abc import Mapping

import click

from assistant.models.catalogue import Catalogue
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft

__all__ = ["ask", "detected", "gaps"]

NAMES = {
    "en": "English",
    "de": "Deutsch",
    "es": "español",
    "fr": "français",
    "it": "italiano",
    "nl": "Nederlands",
}
"""Languages in which numbers and fixed phrases are spoken too; any other can be named by `--language`."""


def detected(environment: Mapping[str, str]) -> str:
    """Return the language that the session says, by the variables that the C library reads; English where none."""
    said = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    tag = said.partition(".")[0].partition("_")[0].lower()
    return tag if tag in NAMES else "en"


def gaps(language: str, voice: str, chat: str, catalogue: Catalogue, stand_in: str = "") -> list[str]:
    """Return what the voice and the chat model do not know of a language, and what to do about it.

    *stand_in* is the engine that speaks in the place of the voice, where there is one.
    """
    found = []
    for what, model, flag, where in (
        ("voice", voice, "--voice FILE.onnx", "https://huggingface.co/rhasspy/piper-voices"),
        ("chat model", chat, "--chat FILE.gguf", "a multilingual one in the format GGUF"),
    ):
        entry = catalogue.models.get(model)
        if entry and "mul" not in entry.languages and not any(_same(language, known) for known in entry.languages):
            spare = f", so {stand_in} speaks, like a machine" if stand_in and what == "voice" else ""
            lack = f"The {what} {model} does not know {_name(language)}{spare}"
            found.append(f"{lack}: give another by {flag} ({where}).")
    return found


def _same(language: str, other: str) -> bool:
    return language.partition("-")[0].lower() == other.partition("-")[0].lower()


def _name(language: str) -> str:
    tag = language.partition("-")[0].lower()
    return "every language" if tag == "auto" else NAMES.get(tag, language)


def ask(draft: Draft, answers: Answers, dialogue: Dialogue, environment: Mapping[str, str]) -> str:
    """Choose the language of the first assistant; return its tag. Raises BadParameter for what is none."""
    dialogue.title("Language")
    language = answers.language
    if language is None:
        configured = draft.loaded().config.assistants[draft.assistant].language
        default = configured if draft.file.exists() else detected(environment)
        options = list(NAMES.items())
        if default not in NAMES:
            options.append((default, default))
        language = dialogue.choose("Language", options, default)
    elif not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*|auto", language):
        raise click.BadParameter(
            f"{language!r} is no language: give a tag such as en or de-AT", param_hint="--language"
        )
    draft.set(language, "assistants", draft.assistant, "language")
    dialogue.say(f"It speaks and expects {_name(language)}.")
    return language
