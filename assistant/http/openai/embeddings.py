"""`/v1/embeddings`: where texts lie, so that those near in meaning are near each other."""

import base64
import struct
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.naming import model_of
from assistant.http.openai.dialect import render
from assistant.http.openai.parameters import ModelName
from assistant.http.problem import Problem
from assistant.http.route import Route, json_answer
from assistant.serving import Embedding

__all__ = ["EmbeddingsDoor"]

_MOST = 8_000_000
"""Bytes of the texts of one request."""

Text = Annotated[str, Meta(min_length=1)]
Numbers = Annotated[list[int], Meta(min_length=1)]


class EmbeddingsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, and how their places are to be written."""

    input: Text | Annotated[list[Text | int | Numbers], Meta(min_length=1, max_length=2048)]
    model: ModelName | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=65_536)] | None = None

    def texts(self) -> list[str]:
        """Return the texts; raises Problem where there are numbers of tokens in their place."""
        given = [self.input] if isinstance(self.input, str) else self.input
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            message = "input: tokens are numbered by each model in its own way; send text"
            hint = "langchain-openai does with check_embedding_ctx_length=False"
            raise Problem(400, "unsupported", message, hint, key="input")
        return texts


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text lies."""

    index: int
    embedding: Sequence[float] | str
    object: Literal["embedding"] = "embedding"


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What it cost; the models for this count no tokens."""

    prompt_tokens: int = 0
    total_tokens: int = 0


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the texts lie."""

    data: list[Place]
    model: str
    usage: Tokens = Tokens()
    object: Literal["list"] = "list"


class EmbeddingsDoor:
    """The door to models that place texts."""

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("POST", "/v1/embeddings", self._answer, Scope.CHAT, EmbeddingsBody, Embeddings, _MOST, render)]

    async def _answer(self, request: web.Request, body: EmbeddingsBody) -> web.Response:
        """Tell where the texts of `input` lie, as vectors of unit length: numbers, or their bytes in `base64`."""
        named = self._embedding.named(model_of(request, body.model))
        vectors = await self._embedding.vectors(named, body.texts())
        size = len(vectors[0])
        if body.dimensions not in (None, size):
            raise Problem(400, "unsupported", f"dimensions: the model has {size}, no fewer", key="dimensions")
        write = _base64 if body.encoding_format == "base64" else list
        places = [Place(index=index, embedding=write(vector)) for index, vector in enumerate(vectors)]
        return json_answer(Embeddings(data=places, model=named.name))


def _base64(vector: Sequence[float]) -> str:
    """Write *vector* as OpenAI does: 32 bits each, little-endian."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
