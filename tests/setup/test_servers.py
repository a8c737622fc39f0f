"""What `assistant setup` offers of the servers of models that answer on this machine."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from assistant.providers.detect import HERE, Place
from assistant.setup import servers
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue
from assistant.setup.draft import Draft
from assistant.setup.saving import save
from assistant.testing import page, scripted_server

T = TypeVar("T")

NOTHING = Answers()

LISTED = (
    b'{"object": "list", "data": [{"id": "small", "object": "model", "owned_by": "vllm"}, {"id": "large", "object": '
    b'"model", "owned_by": "vllm"}, {"id": "bge-embed", "object": "model", "owned_by": "vllm"}]}'
)


class Person(Dialogue):
    """Answers what is asked, and remembers it."""

    def __init__(self, *, yes: bool = True, choice: str = "", asks: bool = True) -> None:
        super().__init__(asks=asks)
        self.yes = yes
        self.choice = choice
        self.asked: list[str] = []

    def confirm(self, question: str, *, default: bool) -> bool:
        self.asked.append(question)
        return self.yes

    def choose(self, question: str, options: Sequence[tuple[T, str]], default: T) -> T:
        self.asked.append(f"{question}: {', '.join(label for _, label in options)}")
        return next(value for value, _ in options if value == self.choice)


def vllm(path: str) -> Sequence[Any]:
    once = ("application/json", "Connection: close")
    return page("200 OK", LISTED, *once) if path == "/v1/models" else page("404 Not Found", b"", *once)


async def answered(
    monkeypatch: pytest.MonkeyPatch, home: Path, person: Person, answers: Answers = NOTHING, more: str = ""
) -> tuple[dict[str, Any], int, int]:
    """Return what is to be written, where the server is, and how often it was asked."""
    async with scripted_server(vllm) as server:
        monkeypatch.setattr(servers, "places", lambda named, specs: [Place(HERE, server.port)])
        (home / "assistant.yaml").write_text("log: {level: info}\n" + more.format(port=server.port))
        draft = Draft(home / "assistant.yaml")
        before = (home / "assistant.yaml").read_bytes()
        await asyncio.to_thread(servers.ask, draft, answers, person)
        assert (home / "assistant.yaml").read_bytes() == before  # nothing is written before all is answered
        save(draft.file, draft.changes)
        Draft(home / "assistant.yaml").loaded()
    return draft.changes, server.port, len(server.heard)


async def test_what_is_found_is_written_where_the_person_wants_it(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    person = Person(choice="vllm/large")
    changes, port, _ = await answered(monkeypatch, home, person)
    where = f"http://127.0.0.1:{port}/v1"
    assert person.asked == [
        f"vllm answers at {where}. Use it, as vllm?",
        "Who answers first: chat, as now, vllm/small, vllm/large",
    ]
    assert changes == {
        "providers": {"vllm": {"type": "vllm", "endpoint": where}},
        "assistants": {"jarvis": {"chat": ["vllm/large", "chat"]}},
    }
    written = yaml.safe_load((home / "assistant.yaml").read_text())
    assert written["assistants"]["jarvis"]["chat"] == ["vllm/large", "chat"]
    again = Draft(home / "assistant.yaml")
    assert again.model("chat") == "chat" and again.engine("chat") == "llama-cpp"  # it is asked about this machine's


@pytest.mark.parametrize(("listed", "before"), [("[[chat, chat]]", [["chat", "chat"]]), ("chat", ["chat"]), ("''", [])])
async def test_whoever_answered_before_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch, home: Path, listed: str, before: list[Any]
) -> None:
    more = f"assistants: {{jarvis: {{chat: {listed}}}}}\n".replace("{", "{{").replace("}", "}}")
    changes, _, _ = await answered(monkeypatch, home, Person(choice="vllm/small"), more=more)
    assert changes["assistants"]["jarvis"]["chat"] == ["vllm/small", *before]


async def test_who_says_no_or_chooses_nobody_keeps_what_there_was(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    no = Person(yes=False)
    assert (await answered(monkeypatch, home, no))[0] == {} and len(no.asked) == 1
    assert "assistants" not in (await answered(monkeypatch, home, Person()))[0]


async def test_what_is_configured_is_not_offered_again(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    more = "providers: {{pc: {{type: vllm, endpoint: 'http://localhost:{port}/v1'}}}}\n"
    person = Person()
    assert (await answered(monkeypatch, home, person, more=more))[0] == {} and not person.asked


async def test_without_a_person_nothing_is_looked_for_unless_that_is_said(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = Person(asks=False)
    assert (await answered(monkeypatch, home, silent))[::2] == ({}, 0)
    assert (await answered(monkeypatch, home, Person(), Answers(servers=False)))[::2] == ({}, 0)
    changes, _, _ = await answered(monkeypatch, home, silent, Answers(servers=True))
    assert [*changes] == ["providers"] and not silent.asked
    assert "vllm/MODEL" in capsys.readouterr().out
