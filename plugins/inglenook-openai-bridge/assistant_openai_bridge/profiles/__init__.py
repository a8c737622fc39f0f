"""The servers that are known, one file each. Those that are told by least come last: detection asks in this order."""

from assistant_openai_bridge.profile import Profile
from assistant_openai_bridge.profiles.llama_cpp_python import LLAMA_CPP_PYTHON
from assistant_openai_bridge.profiles.llama_server import LLAMA_SERVER
from assistant_openai_bridge.profiles.lmstudio import LMSTUDIO
from assistant_openai_bridge.profiles.openai import OPENAI
from assistant_openai_bridge.profiles.vllm import VLLM

__all__ = ["PROFILES"]

PROFILES: tuple[Profile, ...] = (LLAMA_SERVER, VLLM, LMSTUDIO, LLAMA_CPP_PYTHON, OPENAI)
"""Every profile, the surest fingerprint first."""
