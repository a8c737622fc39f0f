"""Versions that come after this one."""

GOOD, BROKEN, LATE = "9.1.0", "9.2.0", "9.3.0"
"""A version that works, one that does not start, one that only works while it is tried."""
FAULTS = {
    GOOD: "",
    BROKEN: 'raise RuntimeError("the new wiring is loose")',
    LATE: 'if "INGLENOOK__HTTP__PORT" not in __import__("os").environ:\n            raise RuntimeError("a fluke")',
}
STEP = '\n    "CREATE TABLE news (x INTEGER)",\n)\n"""Each step is'
"""A migration that the versions after this one have."""
PATIENCE = 240.0
"""Seconds after which a command is taken to hang."""
