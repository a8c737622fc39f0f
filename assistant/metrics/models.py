"""How models and other servers do: what the pool, routing and the watch know anyway, read when somebody looks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from assistant.metrics.exposition import Family, Sample
from assistant.models.pool import Pool
from assistant.providers.figures import quantile
from assistant.providers.watch import Providers, ProviderState
from assistant.routing import Health, State
from assistant.routing.health import Measured

__all__ = ["of_models", "of_servers"]

_SHARES = (0.5, 0.95)
"""Of the latest replies, the shares of which it is told how soon they began."""
_STATES = get_args(ProviderState)
_Labels = Mapping[str, str]


def of_models(pool: Pool, health: Health) -> Iterator[Family]:
    """Yield the places in front of each model, and how the replies went for which models were asked."""
    every = pool.status()
    of = {model.id: {"model": model.id, "kind": str(model.kind), "provider": _server(model.id)} for model in every}
    places = {id_: pool.places(id_) for id_ in of}
    yield _gauge("inglenook_model_open", "Whether its engine is open.", [(of[m.id], m.state == "open") for m in every])
    yield _gauge("inglenook_model_lent", "Who has its engine now.", [(of[id_], n) for id_, (n, _) in places.items()])
    yield _gauge("inglenook_model_places", "Who can have it.", [(of[id_], most) for id_, (_, most) in places.items()])
    yield _gauge("inglenook_model_waiting", "Who waits for it.", [(of[id_], pool.waiting(id_)) for id_ in of])
    asked = [(of[id_], id_, measured) for id_, measured in health.every().items() if id_ in of]
    resting = [(labels, health.state(id_) is State.OPEN) for labels, id_, _ in asked]
    yield _gauge("inglenook_model_resting", "Whether others are preferred to it, because it failed.", resting)
    paces = [(labels, each.pace) for labels, _, each in asked if each.pace is not None]
    yield _gauge("inglenook_model_tokens_per_second", "Mean of its latest replies, after their first words.", paces)
    replies = [(labels, each.replies) for labels, _, each in asked]
    yield _counter("inglenook_model_replies_total", "Replies that it gave to their end.", replies)
    failures = [(labels, each.failures) for labels, _, each in asked]
    yield _counter("inglenook_model_failures_total", "Replies at which it failed.", failures)
    tokens = [(labels | {"type": kind}, n) for labels, _, each in asked for kind, n in _tokens(each)]
    yield _counter("inglenook_model_tokens_total", "Tokens it read, those of them it knew already, and wrote.", tokens)
    firsts = [sample for labels, _, each in asked for sample in _firsts(labels, [each])]
    told = "Seconds to its first words, and for the latest replies their quantiles."
    yield Family("inglenook_model_first_token_seconds", "summary", told, firsts)


def of_servers(providers: Providers, health: Health) -> Iterator[Family]:
    """Yield whether each other server answers, and how soon its replies began."""
    every = providers.status()
    states = [({"provider": one.name, "state": s}, one.state == s) for one in every for s in _STATES]
    yield _gauge("inglenook_provider_state", "1 for the state that it is in.", states)
    listed = [({"provider": one.name}, len(one.models)) for one in every]
    yield _gauge("inglenook_provider_models", "Its models that are known here.", listed)
    firsts = [
        sample for one in every for sample in _firsts({"provider": one.name}, [*health.of_server(one.name).values()])
    ]
    told = "Seconds to the first words of its models, and for the latest replies their quantiles."
    yield Family("inglenook_provider_first_token_seconds", "summary", told, firsts)


def _gauge(name: str, told: str, numbers: Sequence[tuple[_Labels, float]]) -> Family:
    return Family(name, "gauge", told, [Sample(number, labels) for labels, number in numbers])


def _counter(name: str, told: str, numbers: Sequence[tuple[_Labels, float]]) -> Family:
    return Family(name, "counter", told, [Sample(number, labels) for labels, number in numbers])


def _tokens(measured: Measured) -> Iterator[tuple[str, int]]:
    usage = measured.usage
    yield "prompt", usage.prompt_tokens
    yield "cached", usage.cached_tokens
    yield "completion", usage.completion_tokens


def _firsts(labels: _Labels, measured: Sequence[Measured]) -> Iterator[Sample]:
    latest = sorted(seconds for each in measured for seconds in each.firsts)
    for share in _SHARES:
        if (seconds := quantile(latest, share)) is not None:
            yield Sample(seconds, {**labels, "quantile": f"{share:g}"})
    yield Sample(sum(each.waited for each in measured), labels, "_sum")
    yield Sample(sum(each.begun for each in measured), labels, "_count")


def _server(model: str) -> str:
    """Return the provider of a model; empty for one of this process."""
    return model.partition("/")[0] if "/" in model else ""
