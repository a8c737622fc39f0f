"""Which of several models answers or hears, and who goes on where one fails."""

from assistant.routing.breaker import Breaker, State
from assistant.routing.choice import Choice, Decision, Route, Routing
from assistant.routing.health import Health, is_served
from assistant.routing.hearing import heard, well_first
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
    "heard",
    "is_served",
    "lacking",
    "well_first",
]
