"""Is the sound of a microphone and of a speaker as it should be? For `assistant check`, `devices` and `setup`.

What is wrong is said in sentences: what it is, a colon, what to do. Two views are put together: the sound itself, and
what a sound server (PulseAudio, PipeWire) says of the device that this process is led to.
"""

from assistant.soundcheck.device import Device
from assistant.soundcheck.samples import diagnose, level

__all__ = ["Device", "diagnose", "level"]
