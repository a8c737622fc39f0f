"""From nothing to the first answer: `assistant setup` asks for what only a person knows, and tries each answer at once.

Each step has a part that decides, which is pure, and a part that talks. Nothing is written before all is answered.
"""
