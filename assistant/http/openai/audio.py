"""The door that OpenAI's clients know, as far as it is for sound: `/v1/audio/…`, and the same below a model's name."""

from assistant.http.naming import under_names
from assistant.http.openai.speech import SpeechDoor
from assistant.http.openai.transcriptions import TranscriptionsDoor
from assistant.http.route import Route
from assistant.serving import Hearing, Speaking

__all__ = ["routes"]


def routes(hearing: Hearing, speaking: Speaking) -> list[Route]:
    """Return the routes for sound."""
    direct = [*TranscriptionsDoor(hearing).routes(), *SpeechDoor(speaking).routes()]
    return [*direct, *under_names(direct)]
