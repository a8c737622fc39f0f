"""Who may ask for what: scopes, callers, keys. The doors ask here; nothing here knows a door."""

from assistant.access.caller import Caller, Scope
from assistant.access.needs import needs

__all__ = ["Caller", "Scope", "needs"]
