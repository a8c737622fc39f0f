"""`/v1/embeddings` as OpenAI's own library speaks to it."""

from typing import Any

import pytest

from tests.http.openai.conftest import Served


@pytest.mark.parametrize("form", ["float", "base64", None])
async def test_texts_have_places_in_either_form(door: Served, form: Any) -> None:
    more = {"encoding_format": form} if form else {}  # the library asks for base64 by itself
    answer = await door.openai.embeddings.create(model="places", input=["warm", "hot"], **more)
    vectors: list[Any] = [place.embedding for place in answer.data]
    if form == "base64":
        assert vectors == ["AACAPwAAAAA=", "mpkZP83MTD8="]
    else:
        assert vectors[0] == [1.0, 0.0] and vectors[1] == pytest.approx([0.6, 0.8], abs=1e-7)
    assert [place.index for place in answer.data] == [0, 1]
    assert (answer.model, answer.object) == ("places", "list")


async def test_one_text_needs_no_list(door: Served) -> None:
    status, answer = await door.post("/v1/embeddings", {"input": "warm"})
    assert (status, answer["data"]) == (200, [{"index": 0, "embedding": [1.0, 0.0], "object": "embedding"}])
    assert answer["model"] == "places"


async def test_many_texts_are_placed_a_few_at_a_time_in_their_order(door: Served) -> None:
    texts = ["hot", "warm"] * 50
    _, answer = await door.post("/v1/embeddings", {"input": texts})
    assert [place["embedding"][1] for place in answer["data"]] == [0.8, 0.0] * 50
    assert door.embed.asked == texts


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"input": []}, 400, "input"),
        ({"input": ""}, 400, "input"),
        ({"input": [""]}, 400, "input[0]"),
        ({"input": ["x"] * 2049}, 400, "input"),
        ({"input": [[1, 2, 3]]}, 400, "input"),
        ({"input": [1, 2, 3]}, 400, "input"),
        ({"input": "warm", "dimensions": 1}, 400, "dimensions"),
        ({"input": "warm", "dimensions": -1}, 400, "dimensions"),
        ({"input": "warm", "encoding_format": "int8"}, 400, "encoding_format"),
        ({"input": "warm", "model": "small"}, 404, "model"),
    ],
)
async def test_what_cannot_be_placed_is_told(door: Served, body: dict[str, Any], status: int, param: str) -> None:
    got, answer = await door.post("/v1/embeddings", body)
    assert (got, answer["error"]["param"]) == (status, param)
