"""Contract checks: what every engine of a kind must do. A plugin's tests call the one of its kind.

Each raises AssertionError with a sentence that says which promise was broken.
"""

from assistant.testing.contracts.hearing import check_echo, check_stt, check_turn, check_vad, check_wake
from assistant.testing.contracts.language import check_chat, check_embed, check_intent
from assistant.testing.contracts.promises import check_spec, check_wire
from assistant.testing.contracts.seeing import check_vision
from assistant.testing.contracts.sound import check_codec, check_sink, check_source, check_tts

__all__ = [
    "check_chat",
    "check_codec",
    "check_echo",
    "check_embed",
    "check_intent",
    "check_sink",
    "check_source",
    "check_spec",
    "check_stt",
    "check_tts",
    "check_turn",
    "check_vad",
    "check_vision",
    "check_wake",
    "check_wire",
]
