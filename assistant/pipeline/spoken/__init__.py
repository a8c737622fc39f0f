"""Text made fit to be read aloud: without what only the eye reads, and with what a voice reads wrongly in words.

espeak-ng, which Piper's voices read with, knows numbers, ordinals such as `21st`, percent and most acronyms in each
language. The rest stands in one table for each language, `en.py` and its like; a further language is one more file.
A language without a table loses its markdown, emoji and links, and nothing else.
"""

import re

from assistant.pipeline.spoken.language import Language, any_of
from assistant.pipeline.spoken.markup import strip_markup
from assistant.pipeline.spoken.reading import language_of, write_out

__all__ = ["Language", "any_of", "language_of", "spoken_form"]


def spoken_form(text: str, language: str = "en") -> str:
    """Return *text* as a voice of *language* (BCP-47) has to read it; empty where there is nothing to say."""
    plain = strip_markup(text)
    return write_out(plain, language) if re.search(r"\w", plain) else ""
