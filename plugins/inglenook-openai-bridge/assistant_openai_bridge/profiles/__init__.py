"""The servers that are known, one file each. Those that are told by least come last: detection asks in this order."""

from assistant_openai_bridge.profile import Profile
from assistant_openai_bridge.profiles.ezlocalai import EZLOCALAI
from assistant_openai_bridge.profiles.fastchat import FASTCHAT
from assistant_openai_bridge.profiles.gpt4all import GPT4ALL
from assistant_openai_bridge.profiles.jan import JAN
from assistant_openai_bridge.profiles.llama_cpp_python import LLAMA_CPP_PYTHON
from assistant_openai_bridge.profiles.llama_server import LLAMA_SERVER
from assistant_openai_bridge.profiles.lmstudio import LMSTUDIO
from assistant_openai_bridge.profiles.localai import LOCALAI
from assistant_openai_bridge.profiles.mistralrs import MISTRALRS
from assistant_openai_bridge.profiles.mlx import MLX
from assistant_openai_bridge.profiles.openai import OPENAI
from assistant_openai_bridge.profiles.tabbyapi import TABBYAPI
from assistant_openai_bridge.profiles.textgen import TEXTGEN
from assistant_openai_bridge.profiles.vllm import VLLM

__all__ = ["PROFILES"]

PROFILES: tuple[Profile, ...] = (
    LOCALAI,
    TABBYAPI,  # before llama-server: it has its `/props`, too
    JAN,
    TEXTGEN,
    FASTCHAT,
    EZLOCALAI,
    LLAMA_SERVER,
    VLLM,
    LMSTUDIO,
    GPT4ALL,
    MISTRALRS,
    LLAMA_CPP_PYTHON,
    MLX,
    OPENAI,
)
"""Every profile, the surest fingerprint first."""
