"""How much a model may ask of its tools in one turn; docs/tools.md has the table."""

ROUNDS = 5
"""How often a model may call tools before it has to answer with words."""
CALLS = 8
"""Calls of one round; what is beyond is not looked at."""
NAME = 64
"""Characters of a tool's name."""
ARGUMENTS = 8_192
"""Characters of a call's arguments, as JSON."""
DEPTH = 8
"""Objects and lists within each other in a call's arguments."""
RESULT = 4_000
"""Characters of a result that the model gets to see."""
RESULTS = 12_000
"""Characters of all results of a turn."""
SCHEMA = 16_384
"""Characters of the schema of a tool's arguments, as JSON."""
SCHEMA_DEPTH = 24
"""Objects and lists within each other in that schema; its references may lead twice as deep."""
TOLD = 300
"""Characters of a question that asks whether a call is meant; what is longer is refused."""
