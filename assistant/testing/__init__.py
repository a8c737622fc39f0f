"""For the tests of plugins and of the core: fakes, contract checks, virtual time and the test recordings."""

from assistant.testing.clock import VirtualTimeLoop, run_in_virtual_time
from assistant.testing.contracts import (
    check_chat,
    check_sink,
    check_source,
    check_spec,
    check_stt,
    check_tts,
    check_vad,
    check_wake,
    check_wire,
)
from assistant.testing.fakes import (
    FakeChat,
    FakeSink,
    FakeSource,
    FakeStt,
    FakeTts,
    FakeVad,
    FakeWake,
    fake_spec,
)
from assistant.testing.recordings import model_path, recordings, silence, speech, tone

__all__ = [
    "FakeChat",
    "FakeSink",
    "FakeSource",
    "FakeStt",
    "FakeTts",
    "FakeVad",
    "FakeWake",
    "VirtualTimeLoop",
    "check_chat",
    "check_sink",
    "check_source",
    "check_spec",
    "check_stt",
    "check_tts",
    "check_vad",
    "check_wake",
    "check_wire",
    "fake_spec",
    "model_path",
    "recordings",
    "run_in_virtual_time",
    "silence",
    "speech",
    "tone",
]
