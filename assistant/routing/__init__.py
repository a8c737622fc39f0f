"""Which of several chat models answers, and who goes on where one fails."""

from assistant.routing.breaker import Breaker, State
from assistant.routing.choice import Choice, Decision, Route, Routing
from assistant.routing.health import Health, is_served
from assistant.routing.needs import lacking
from assistant.routing.relay import Relay, Step

__all__ = [
    "Breaker",
    "Choice",
    "Decision",
    "Health",
    "Relay",
    "Route",
    "Routing",
    "State",
    "Step",
    "is_served",
    "lacking",
]
