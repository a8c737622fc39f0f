from assistant_echo import EchoConfig, assistant_engines, open_echo

from assistant import ChatMessage, ChatRequest
from assistant.testing import check_chat, check_spec


def test_spec() -> None:
    check_spec(assistant_engines()[0])


async def test_repeats_what_was_said() -> None:
    async with open_echo(EchoConfig(prefix="Echo: ")) as echo:
        text = await check_chat(echo, ChatRequest((ChatMessage.of("user", "hello there"),)))
    assert text.strip() == "Echo: hello there"
