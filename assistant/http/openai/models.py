"""`/v1/models`: every name that a program may use."""

import time
from typing import Literal

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.engines import Kind
from assistant.errors import UnknownModel
from assistant.http.naming import model_of
from assistant.http.openai.dialect import render
from assistant.http.route import Route, json_answer
from assistant.serving import Names

__all__ = ["ModelsDoor"]

_KINDS = frozenset({Kind.CHAT, Kind.EMBED, Kind.STT, Kind.TTS})
"""Kinds of model that have a route in this dialect."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """A name, as OpenAI's clients read it."""

    id: str
    created: int
    object: Literal["model"] = "model"
    owned_by: str = "inglenook"


class ModelList(msgspec.Struct, frozen=True):
    """Every name."""

    data: list[ModelCard]
    object: Literal["list"] = "list"


class ModelsDoor:
    """The list of models."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._since = int(time.time())

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/v1/models", self._every, Scope.CHAT, gives=ModelList, render=render),
            Route("GET", "/v1/models/{id}", self._one, Scope.CHAT, gives=ModelCard, render=render),
        ]

    async def _every(self, request: web.Request) -> web.Response:
        """List the models and their aliases; below the name of a model only that one."""
        cards = self._cards()
        if name := model_of(request, None):
            cards = [card for card in cards if card.id == name]
        return json_answer(ModelList(cards))

    async def _one(self, request: web.Request) -> web.Response:
        """Show one model."""
        name = request.match_info["id"]
        for card in self._cards():
            if card.id == name:
                return json_answer(card)
        raise UnknownModel("there is no model of that name", hint="GET /v1/models lists them")

    def _cards(self) -> list[ModelCard]:
        every = self._names.every().items()
        return [ModelCard(id=name, created=self._since) for name, model in every if model.kind in _KINDS]
