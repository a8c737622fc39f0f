"""A real daemon with a real model, asked by Ollama's own library as any program asks."""

from collections.abc import Iterator
from typing import Any

import ollama
import pytest

from assistant.paths import models_folder
from tests.running import CONFIG, Home

pytestmark = pytest.mark.once

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one sentence."}]
COLOUR = {"type": "object", "properties": {"colour": {"enum": ["red", "green", "blue"]}}, "required": ["colour"]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ollama.Client]:
    """Ask a daemon that writes by SmolLM2 and places by MiniLM, and by SmolLM2 as a GGUF model that is told how."""
    home = Home(tmp_path_factory.mktemp("home"))
    engines = "models:\n  {chat: {engine: llama-cpp, temperature: 0}, sentences: {engine: minilm},\n   "
    engines += "places: {engine: llama-cpp-embed, model: smollm2-135m, pooling: mean, context: 128},\n   "
    home.write(CONFIG.replace("models:\n  {", engines).replace(" chat: {engine: fake-chat},", ""))
    (home.folder / "data" / "models").symlink_to(models_folder())
    with home.daemon() as daemon:
        daemon.ready()
        with ollama.Client(daemon.address, headers={"Authorization": f"Bearer {home.key}"}) as library:
            yield library
        assert daemon.stop() == 0


def test_a_question_is_answered_whole_and_as_it_is_written(client: ollama.Client) -> None:
    options: dict[str, Any] = {"num_predict": 40}
    whole = client.chat("chat", QUESTION, options=options)
    assert "Paris" in (whole.message.content or "")
    assert whole.eval_count and whole.prompt_eval_count and whole.eval_duration
    parts = list(client.chat("chat:latest", QUESTION, stream=True, options=options))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert parts[-1].done_reason == whole.done_reason


def test_a_reply_satisfies_a_schema(client: ollama.Client) -> None:
    said = client.generate("chat", "Name a colour as JSON.", format=COLOUR).response
    assert said and said.replace(" ", "").replace("\n", "") in [
        f'{{"colour":"{colour}"}}' for colour in ("red", "green", "blue")
    ]


def test_models_are_listed_loaded_and_unloaded(client: ollama.Client) -> None:
    listed = {model.model: model.size or 0 for model in client.list().models}
    assert listed.keys() == {"chat:latest", "sentences:latest", "places:latest"}
    assert listed["chat:latest"] > 100_000_000, "by its file, though the configuration names no path"
    assert client.generate("chat", keep_alive=0).done_reason == "unload"
    assert "chat:latest" not in {model.model for model in client.ps().models}
    assert "Paris" in (client.chat("chat", QUESTION, options={"num_predict": 40}).message.content or "")


@pytest.mark.parametrize("model", ["sentences", "places"])
def test_what_means_the_same_is_near(client: ollama.Client, model: str) -> None:
    lamp, light, cake = client.embed(model, ["Switch on the lamp.", "Turn the light on.", "Bake a cake."]).embeddings
    assert sum(a * b for a, b in zip(lamp, light, strict=True)) > sum(a * b for a, b in zip(lamp, cake, strict=True))
