"""What a program means when it names a model: an id of the configuration, or an alias."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from assistant.chat import ChatRequest
from assistant.config.doors import AliasConfig
from assistant.engines import Kind
from assistant.errors import UnknownModel
from assistant.host import ModelStatus
from assistant.routing import Route

__all__ = ["AUTO", "Named", "Names"]

AUTO = "auto"
"""What stands for all models of a kind where one of them is chosen, unless it is an alias."""

_LATEST = ":latest"
"""What programs that know Ollama add to the name of a model."""


@dataclass(frozen=True, slots=True)
class Named:
    """A model as a program asked for it."""

    name: str
    """How it was called."""
    model: str
    """Its id in the configuration; where an alias means several, that of the preferred one."""
    route: Route
    """All models that may answer."""
    defaults: AliasConfig | None = None
    """What an alias sets where a request does not."""

    def doing(self, task: str) -> "Named":
        """Return the same models, asked for a task; for that of the alias, if any, where it is empty."""
        return replace(self, route=replace(self.route, task=task)) if task else self

    def filled(self, request: ChatRequest, *, cut: bool) -> ChatRequest:
        """Return *request* with what the alias sets; *cut* says that the request itself says where it is cut."""
        if self.defaults is None:
            return request
        own, alias = request.sampling, self.defaults
        temperature = alias.temperature if own.temperature is None else own.temperature
        top_p = alias.top_p if own.top_p is None else own.top_p
        tokens = request.max_tokens if cut or alias.max_tokens is None else alias.max_tokens
        return replace(request, sampling=replace(own, temperature=temperature, top_p=top_p), max_tokens=tokens)


class Names:
    """Every name that programs may use, as of the moment when one is asked for."""

    def __init__(self, models: Callable[[], Iterable[ModelStatus]], aliases: Mapping[str, AliasConfig]) -> None:
        self._models = models
        self._aliases = aliases

    def find(self, name: str, kind: Kind) -> Named:
        """Return the model of a kind that *name* means; the first of that kind where it is empty.

        Raises UnknownModel where there is none.
        """
        of_kind = [model.id for model in self._models() if model.kind is kind]
        if not of_kind:
            raise UnknownModel(f"there is no {kind} model here", hint="add one to the configuration: `models`")
        if not name:
            return Named(of_kind[0], of_kind[0], Route(((of_kind[0],),)))
        for called in (name, name.removesuffix(_LATEST)):
            alias = self._aliases.get(called)
            for model in alias.models if alias else (called,):
                if model in of_kind:
                    return Named(name, model, Route.of(alias) if alias else Route(((model,),)), alias)
        known = [*of_kind, *(alias for alias, named in self._aliases.items() if named.models[0] in of_kind)]
        raise UnknownModel(f"there is no {kind} model of that name", hint=f"there are: {', '.join(known)}")

    def choice(self, name: str, kind: Kind) -> Named:
        """Return the models of which one is to be chosen: where *name* is `auto` all of a kind, as configured.

        Raises UnknownModel where there is none.
        """
        if name != AUTO or AUTO in self.every():
            return self.find(name, kind)
        first = self.find("", kind)
        tiers = tuple((model.id,) for model in self._models() if model.kind is kind)
        return replace(first, name=AUTO, route=Route(tiers))

    def every(self) -> dict[str, ModelStatus]:
        """Return every name, with the model that it means."""
        models = {model.id: model for model in self._models()}
        return models | {alias: models[section.models[0]] for alias, section in self._aliases.items()}
