"""What is kept, who can read it, what can leave this machine, and what does so now."""

from assistant.privacy.connections import Connection, connections
from assistant.privacy.kept import Kept, kept
from assistant.privacy.reach import Reach, reach
from assistant.privacy.readers import readers

__all__ = ["Connection", "Kept", "Reach", "connections", "kept", "reach", "readers"]
