"""What openai and httpx2 raise, as an error that a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai

from assistant import EngineError, Provider, ProviderFaults

__all__ = ["classified", "faults_of"]


def faults_of(provider: Provider, model: str = "") -> ProviderFaults:
    """Return the errors of a server."""
    return ProviderFaults(provider, model, usual="for most servers it ends in /v1")


@contextmanager
def classified(provider: Provider, model: str = "") -> Iterator[None]:
    """Raise what openai and httpx2 raise as an EngineError that says what failed at which server, and what to do."""
    faults = faults_of(provider, model)
    try:
        yield
    except openai.APIStatusError as error:
        raise faults.of_status(error.status_code, error.body, error.response.headers) from None
    except (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError) as error:
        connecting = isinstance(error, httpx2.ConnectTimeout) or isinstance(error.__cause__, httpx2.ConnectTimeout)
        raise faults.unreachable() if connecting else faults.silent() from None
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        raise faults.of_connection(error) from None
    except (openai.OpenAIError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise EngineError(f"{provider}: {type(error).__name__}: {error}", hint="is its endpoint right?") from error
