"""From a request to what the owner thread takes, on a thread of its own, so that nobody else waits for a template."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from assistant import (
    ChatMessage,
    ChatRequest,
    EngineUnavailable,
    Image,
    Sampling,
    TextPart,
    ToolResult,
    ToolSpec,
    UnfitRequest,
    in_thread,
)
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.grammar import Grammar, Grammars, forced_call
from assistant_llama_cpp.native import Model
from assistant_llama_cpp.output import Output
from assistant_llama_cpp.prompt import abilities, begun, conversation, defuse, tool_list, with_markers, with_tools_told
from assistant_llama_cpp.sampling import settled
from assistant_llama_cpp.sequences import common_prefix
from assistant_llama_cpp.template import ChatTemplate
from assistant_llama_cpp.turns import Turns

if TYPE_CHECKING:
    from assistant_llama_cpp.eyes import Piece

__all__ = ["Prepared", "Preparer"]

T = TypeVar("T")

_SHORTEN = "shorten the conversation, or raise `context` in the model's configuration"

_STATIC = 16
"""System messages, each with its tools, of which the tokens are remembered."""

_WIDE = 32
"""Characters that a token has at most, on the whole: a text with more of them than fit is refused before it is read,
which takes a second for a megabyte. English has four, source code with its spaces eight."""

_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The template of a model that brings none."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request, ready to be computed."""

    tokens: list[int]
    """The prompt; a number below 0 stands for a piece of an image."""
    limit: int
    """Tokens that the reply may have; 0 where only the prompt is read."""
    sampling: Sampling
    """How tokens are drawn; nothing is left open."""
    output: Output
    """From tokens to deltas."""
    static: int = 0
    """Tokens at the start that are the same in every conversation: system message and tools."""
    grammar: Grammar | None = None
    """What holds the reply from its start."""
    call_grammar: Grammar | None = None
    """What holds a call once the model has opened one."""
    pieces: "Mapping[int, Piece]" = field(default_factory=dict)
    """The pieces of the images."""


class Preparer:
    """Prepare requests for one model, one after the other, the most urgent first."""

    def __init__(self, config: LlamaConfig) -> None:
        self._config = config
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llama-cpp prompts")
        self._turns = Turns()
        self._template: ChatTemplate | None = None
        self._static_prompts: deque[tuple[object, list[int]]] = deque(maxlen=_STATIC)

    async def start(self, model: Model) -> None:
        """Read the chat template and find out what it takes; raises ModelError where it is none."""
        self._vocabulary, self._longest, self._eyes = model.vocabulary, model.longest, model.eyes
        self._grammars = Grammars(model.vocabulary)
        source = self._config.template or model.template or _CHATML

        def start() -> None:
            self._template = ChatTemplate(source, self._vocabulary.bos, self._vocabulary.eos)
            self._able = abilities(self._template.render)

        await self._run(start)

    async def reply(self, request: ChatRequest) -> Prepared:
        """Prepare a reply; raises UnfitRequest for one that cannot be served."""
        return await self._prepared(self._reply, request)

    async def warm(self, request: ChatRequest) -> Prepared:
        """Prepare the reading of a prompt whose continuation is not known yet; raises UnfitRequest."""
        return await self._prepared(self._warm, request)

    async def close(self) -> None:
        """End the work in hand, then the template's process. The model must outlive this."""
        await in_thread(lambda: self._thread.shutdown(cancel_futures=True))
        if self._template:
            self._template.close()

    async def _prepared(self, prepare: Callable[[ChatRequest], Prepared], request: ChatRequest) -> Prepared:
        if (length := sum(map(_length, request.messages))) > self._longest * _WIDE:
            raise UnfitRequest(f"the prompt has {length} characters, the context {self._longest} tokens", hint=_SHORTEN)
        async with self._turns.turn(request.priority):
            return await self._run(lambda: self._with_pieces(prepare, request))

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await in_thread(call, self._thread)
        except RuntimeError as error:
            if "shutdown" not in str(error):
                raise
            raise EngineUnavailable("the model is closed", hint="open it again") from None

    def _with_pieces(self, prepare: Callable[[ChatRequest], Prepared], request: ChatRequest) -> Prepared:
        """Prepare *request* and add the pieces of images that its tokens stand for."""
        self._pieces: dict[int, Piece] = {}
        return replace(prepare(request), pieces=self._pieces)

    def _reply(self, request: ChatRequest) -> Prepared:
        if request.max_tokens < 1:
            raise UnfitRequest(f"max_tokens is {request.max_tokens}", hint="ask for one token at least")
        sampling = settled(request.sampling, self._config)
        tools = request.tools if request.tool_choice != "none" else ()
        names = [tool.name for tool in tools]
        if request.tool_choice not in ("auto", "none"):
            frame = forced_call(self._grammars, tools, request.tool_choice)
            tokens = self._tokens(request.messages, frame.prefix, tools)
            output = Output(request.stop, names, frame.prefix, frame.suffix)
            static = self._static(tokens[:-1], request.messages, tools)
            return Prepared(tokens, self._limit(tokens, request), sampling, output, static, frame.grammar)
        grammar = self._grammars.of_request(request, tools)
        said, start = begun(request.messages)
        tokens = self._tokens(said, defuse(start, self._vocabulary.control), tools)
        limit = self._limit(tokens, request)
        static = self._static(tokens[:-1], request.messages, tools)  # reading the last one starts the reply
        if grammar is not None or not tools:
            may_call = names if request.schema is not None else ()
            return Prepared(tokens, limit, sampling, Output(request.stop, may_call, marked=True), static, grammar)
        call = self._grammars.call(tools)
        return Prepared(tokens, limit, sampling, Output(request.stop, names), static, call_grammar=call)

    def _warm(self, request: ChatRequest) -> Prepared:
        tools = request.tools if request.tool_choice != "none" else ()
        if tools:
            self._grammars.call(tools)  # so that the turn finds it compiled
        if request.messages and request.messages[-1].role == "user":
            tokens = self._tokens(request.messages, "", tools)
        else:
            tokens = self._start(request.messages, tools)
        self._limit(tokens, request)
        static = self._static(tokens, request.messages, tools)
        return Prepared(tokens, 0, settled(request.sampling, self._config), Output(), static)

    def _static(self, tokens: list[int], messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> int:
        """Return how many of a prompt's tokens come before anything that a person said or that changes by itself."""
        rules = messages[:1] if messages and messages[0].role == "system" else ()
        if not self._config.disk_cache or not rules:
            return 0
        static = next((start for known, start in self._static_prompts if known == (rules, tools)), None)
        if static is None:
            static = self._start(rules, tools)
            self._static_prompts.append(((rules, tools), static))
        return common_prefix(tokens, static)

    def _start(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> list[int]:
        """Return the tokens that stay the same whatever is said next."""
        one, other = (self._tokens((*messages, ChatMessage.of("user", words)), "", tools) for words in ("a", "b"))
        return one[: common_prefix(one, other)]

    def _tokens(self, messages: Sequence[ChatMessage], start: str, tools: Sequence[ToolSpec]) -> list[int]:
        """Return the tokens of a prompt; *start* is what the reply starts with."""
        assert self._template
        listed = tool_list(tools) if self._template.tools else []
        if tools and not listed:
            messages = with_tools_told(messages, tools)
        images: list[Image] = []
        if self._eyes:
            messages, images = with_markers(messages, self._eyes.marker)
        said, control = conversation(messages, self._able), self._vocabulary.control
        text = self._template.render(defuse(said, control), defuse(listed, control), reply=True) + start
        if not (self._eyes and images):
            return self._vocabulary.prompt(text)
        tokens, pieces = self._eyes.prompt(text, images, self._vocabulary.needs_start(text))
        self._pieces |= pieces
        return tokens

    def _limit(self, tokens: list[int], request: ChatRequest) -> int:
        if len(tokens) >= self._longest:
            raise UnfitRequest(f"the prompt has {len(tokens)} tokens, the context {self._longest}", hint=_SHORTEN)
        return min(request.max_tokens, self._longest - len(tokens))


def _length(message: ChatMessage) -> int:
    """Return the characters of a message that a person or a tool wrote."""
    said = (part for part in message.parts if isinstance(part, TextPart | ToolResult))
    return sum(len(part.text if isinstance(part, TextPart) else part.content) for part in said)
