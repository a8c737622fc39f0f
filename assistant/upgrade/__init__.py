"""A new version beside the old one: built, tried on a copy of the state, switched to, and left again where it fails."""

from assistant.upgrade.layout import Layout, find_layout
from assistant.upgrade.steps import Service, upgrade

__all__ = ["Layout", "Service", "find_layout", "upgrade"]
