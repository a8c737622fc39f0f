"""Who may ask for what: scopes, callers, keys. The doors ask here; nothing here knows a door."""

from assistant.access.caller import Caller, Scope

__all__ = ["Caller", "Scope"]
