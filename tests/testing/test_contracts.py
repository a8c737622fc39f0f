"""The contract checks: the fakes pass them, and each promise that is broken is told by its own sentence."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import msgspec
import pytest

from assistant import (
    SPEECH,
    AudioChunk,
    AudioFormat,
    Box,
    Capabilities,
    ChatDelta,
    ChatMessage,
    ChatRequest,
    DetectedObject,
    Detection,
    Done,
    Finding,
    Image,
    ImageClass,
    Kind,
    Played,
    Recognition,
    Segment,
    SpeechProbability,
    SttOptions,
    TextDelta,
    TextLine,
    ToolCall,
    Transcript,
    VisionTask,
    Vocabulary,
    Voice,
)
from assistant.testing import (
    FakeChat,
    FakeEcho,
    FakeIntent,
    FakeSink,
    FakeSource,
    FakeStt,
    FakeTts,
    FakeTurn,
    FakeVad,
    FakeVision,
    FakeWake,
    check_chat,
    check_echo,
    check_intent,
    check_sink,
    check_source,
    check_spec,
    check_stt,
    check_tts,
    check_turn,
    check_vad,
    check_vision,
    check_wake,
    check_wire,
    fake_spec,
    run_in_virtual_time,
    tone,
)
from tests.pictures import picture

MARKER = AudioChunk((0x7ABC).to_bytes(2, "little") + bytes(2558), AudioFormat(16_000), 0.16)
SPOKEN = [tone(0.08), tone(0.08, timestamp=0.08), MARKER, tone(0.08, timestamp=0.24)]
WHOLE, PART = tone(1.0), tone(0.5)
REQUEST = ChatRequest((ChatMessage.of("user", "Hello?"),))

PLAYED = [tone(0.08, timestamp=0.08 * n) for n in range(10)]

IMAGE = picture(300, 200)
CLASSES, OBJECTS, SEGMENTS = VisionTask.CLASSES, VisionTask.OBJECTS, VisionTask.SEGMENTS
BOX = Box(0, 0, 300, 200)
SURE = ImageClass("cat", 0.9)

LAMP_ON = Recognition("HassTurnOn", True, {"name": "lamp"})

Check = Callable[[], Coroutine[Any, Any, object]]


def test_the_fakes_keep_every_promise() -> None:
    async def main() -> None:
        await check_chat(FakeChat(["Hello there."] * 9), REQUEST)
        await check_tts(FakeTts())
        await check_vad(FakeVad(), SPOKEN)
        await check_echo(FakeEcho(), PLAYED, PLAYED)
        await check_turn(FakeTurn([0.9, 0.1] * 2), WHOLE, PART)
        await check_intent(FakeIntent({"lamp on": LAMP_ON}), Vocabulary(), {"lamp on": LAMP_ON}, "lamp")
        await check_source(FakeSource(SPOKEN))
        await check_sink(FakeSink())
        eyes = FakeVision(
            {
                CLASSES: [SURE, ImageClass("dog", 0.1)],
                OBJECTS: [DetectedObject("cat", 0.9, BOX)],
                SEGMENTS: [Segment("person", 0.9, BOX, 1.0, IMAGE)],
                VisionTask.TEXT: [TextLine("a", 0.1, BOX), TextLine("b", 0.9, BOX)],
            }
        )
        for task in VisionTask:
            await check_vision(eyes, task, IMAGE)

    run_in_virtual_time(main())
    asyncio.run(check_stt(FakeStt(["Hello.", "Hello."]), SPOKEN))


# -- chat ------------------------------------------------------------------------------------------------------------


def scripted(*deltas: ChatDelta) -> Check:
    return lambda: check_chat(FakeChat([list(deltas)] * 9), REQUEST)


@dataclass
class StubbornChat(FakeChat):
    """A model that cannot be stopped."""

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        yield TextDelta("Hello")
        for _ in range(1000):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue
        yield Done("stop")


class BreakingChat(FakeChat):
    """A model that breaks when it is left."""

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        try:
            yield TextDelta("Hello")
            await asyncio.sleep(1)
            yield Done("stop")
        except asyncio.CancelledError:
            raise ZeroDivisionError("oh") from None


class Stt(FakeStt):
    """A recogniser that says what it is told, whatever it hears."""

    def __init__(self, *said: Transcript) -> None:
        super().__init__()
        self.said = said

    async def transcribe(
        self, audio: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        async for _ in audio:
            pass
        for transcript in self.said:
            yield transcript


class Tts(FakeTts):
    """A voice that says what it is told, whatever it reads."""

    def __init__(self, *chunks: AudioChunk, patient: bool = False) -> None:
        super().__init__()
        self.chunks = chunks
        self.patient = patient

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        clauses = [clause async for clause in text] if self.patient else [await anext(text, "")]
        if any(clause.strip() for clause in clauses):
            for chunk in self.chunks:
                yield chunk


class TalkativeTts(Tts):
    """A voice that speaks although there is nothing to be said."""

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        async for _ in text:
            pass
        yield tone(1.0)


class Vad(FakeVad):
    """A detector that sees what it is told."""

    def __init__(self, probability: float = 1.0, gap: float = 0.0, back: float = 0.0) -> None:
        self.probability = probability
        self.gap = gap
        self.back = back

    def push(self, chunk: AudioChunk) -> Sequence[SpeechProbability]:
        start = chunk.timestamp + self.gap - self.back
        return (SpeechProbability(self.probability, start, chunk.end - self.back),)

    def fork(self) -> Self:
        return self


class Echo(FakeEcho):
    """A canceller that keeps a share of the echo, loses sound, or is late."""

    def __init__(self, left: float = 0.0, lost: float = 0.0, late: float = 0.0, once: bool = False) -> None:
        self.left, self.lost, self.late, self.once = left, lost, late, once

    def process(self, mic: AudioChunk, played: AudioChunk) -> AudioChunk:
        kept = [round(sample * self.left) for sample in memoryview(mic.audio).cast("h")]
        if self.once:
            self.left = 0.1
        audio = b"".join(sample.to_bytes(2, "little", signed=True) for sample in kept)
        return AudioChunk(audio[SPEECH.size(self.lost) :], mic.format, mic.timestamp - self.late)

    def fork(self) -> Self:
        return self


class Wake(FakeWake):
    """A wake word engine that hears what it is told at the end of everything."""

    def __init__(self, *heard: Detection, chunks: int = 4) -> None:
        super().__init__()
        self.heard = heard
        self.chunks = chunks
        self.pushed = 0

    def push(self, chunk: AudioChunk) -> Sequence[Detection]:
        self.pushed += 1
        return self.heard if self.pushed == self.chunks else ()

    def fork(self) -> Self:
        return type(self)(*self.heard, chunks=self.chunks)


class ForgetfulWake(Wake):
    """A wake word engine whose streams are one."""

    def fork(self) -> Self:
        return self


class Sink(FakeSink):
    """A speaker that reports what it is told."""

    def __init__(self, *reports: float) -> None:
        super().__init__()
        self.reports = reports

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        for seconds in self.reports:
            yield Played(seconds, 0.0)


def source(*chunks: AudioChunk) -> Check:
    class Source(FakeSource):
        async def capture(self) -> AsyncGenerator[AudioChunk, None]:
            for chunk in chunks:
                yield chunk

    return lambda: check_source(Source([]))


HEARD = Detection("hey_jarvis", 0.9, 0.24)


def seeing(task: VisionTask, *found: Finding) -> Check:
    return lambda: check_vision(FakeVision({task: found}), task, IMAGE)


class Careless(FakeVision):
    """Eyes that see something in anything, and heed nothing."""

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        return tuple(self.found[task])


class Fickle(FakeVision):
    """Eyes that see something else each time."""

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        self.found = {task: [ImageClass(f"cat {len(self.seen)}", 0.9)]}
        return await super().look(image, task, confidence)


def understanding(sentences: dict[str, Recognition], says: dict[str, str] | None = None) -> Check:
    """Check an engine that understands *sentences* for one that understands "lamp on"."""
    return lambda: check_intent(FakeIntent(sentences, says or {}), Vocabulary(), {"lamp on": LAMP_ON}, "lamp")


BROKEN: list[tuple[str, Check]] = [
    ("the last delta is not Done", scripted(TextDelta("Hello"))),
    ("the last delta is not Done", scripted(Done("stop"), TextDelta("Hello"))),
    ("the last delta is not Done", scripted()),
    ("more than one Done", scripted(TextDelta("Hello"), Done("stop"), Done("stop"))),
    ("does not recover", scripted(Done("stop"))),
    ("goes on although nobody listens", lambda: check_chat(StubbornChat(), REQUEST)),
    ("fails when it is left: ZeroDivisionError: oh", lambda: check_chat(BreakingChat(), REQUEST)),
    ("changed on the wire", scripted(ToolCall("1", "x", {"a": (1, 2)}), Done("stop"))),
    ("the last transcript is not final", lambda: check_stt(Stt(Transcript("Hello", final=False)), SPOKEN)),
    ("the last transcript is not final", lambda: check_stt(Stt(), SPOKEN)),
    ("more than one transcript", lambda: check_stt(Stt(Transcript("Hello"), Transcript("Hello")), SPOKEN)),
    ("no audio must give one empty final transcript", lambda: check_stt(Stt(Transcript("Hello")), SPOKEN)),
    ("almost nothing is said", lambda: check_tts(Tts(tone(0.1)))),
    ("the format changes", lambda: check_tts(Tts(tone(1.0), AudioChunk(bytes(8), AudioFormat(8000))))),
    ("a chunk ends within a frame", lambda: check_tts(Tts(AudioChunk(bytes(16_001), AudioFormat(16_000))))),
    ("although there is no text", lambda: check_tts(TalkativeTts())),
    ("speech is not heard", lambda: check_vad(Vad(0.2), SPOKEN)),
    ("frames leave a gap", lambda: check_vad(Vad(gap=0.01), SPOKEN)),
    ("not on the clock of the audio", lambda: check_vad(Vad(back=5.0), SPOKEN)),
    ("silence is taken for speech", lambda: check_vad(Vad(), SPOKEN)),
    ("49% of the echo is left", lambda: check_echo(Echo(0.7), PLAYED, PLAYED)),
    ("sound is lost", lambda: check_echo(Echo(lost=0.02), PLAYED, PLAYED)),
    ("the sound is late", lambda: check_echo(Echo(late=0.2), PLAYED, PLAYED)),
    ("a fork does not start afresh", lambda: check_echo(Echo(once=True), PLAYED, PLAYED)),
    ("complete scores 0.40, incomplete 0.10", lambda: check_turn(FakeTurn([0.4, 0.1]), WHOLE, PART)),
    ("complete scores 0.90, incomplete 0.60", lambda: check_turn(FakeTurn([0.9, 0.6]), WHOLE, PART)),
    ("keeps state", lambda: check_turn(FakeTurn([0.9, 0.1, 0.8, 0.1]), WHOLE, PART)),
    ("'lamp on' is not understood", understanding({})),
    ("'lamp on' is HassTurnOff", understanding({"lamp on": Recognition("HassTurnOff", True)})),
    ("wanted {'name': 'lamp'}", understanding({"lamp on": Recognition("HassTurnOn", True)})),
    ("'lamp' is taken for a whole", understanding({"lamp on": LAMP_ON, "lamp": LAMP_ON})),
    ("'' is understood", understanding({"lamp on": LAMP_ON, "": LAMP_ON})),
    ("a response to an unknown intent", understanding({"lamp on": LAMP_ON}, {"NoSuchIntent": "Oh."})),
    ("the score of 30 s is no probability", lambda: check_turn(FakeTurn([0.9, 0.1] * 2 + [0, 1, 1.1]), WHOLE, PART)),
    ("wanted one hey_jarvis", lambda: check_wake(Wake(), SPOKEN, "hey_jarvis")),
    ("wanted one hey_jarvis", lambda: check_wake(Wake(HEARD, HEARD), SPOKEN, "hey_jarvis")),
    ("wanted one hey_jarvis", lambda: check_wake(Wake(replace(HEARD, name="alexa")), SPOKEN, "hey_jarvis")),
    ("keeps state outside of the stream", lambda: check_wake(ForgetfulWake(HEARD), SPOKEN, "hey_jarvis")),
    ("one chunk alone fires", lambda: check_wake(Wake(HEARD, chunks=1), SPOKEN, "hey_jarvis")),
    ("not on the clock of the audio", lambda: check_wake(Wake(replace(HEARD, timestamp=9.0)), SPOKEN, "hey_jarvis")),
    ("the score is no probability", lambda: check_wake(Wake(replace(HEARD, score=42.0)), SPOKEN, "hey_jarvis")),
    ("nothing is captured", source()),
    ("not 16 kHz mono", source(AudioChunk(bytes(882), AudioFormat(44_100)))),
    ("not of up to 100 ms", source(tone(2.0))),
    ("not of up to 100 ms", source(AudioChunk(b"", AudioFormat(16_000)))),
    ("timestamps stand still", source(tone(0.05), tone(0.05))),
    ("nothing is reported", lambda: check_sink(Sink())),
    ("progress falls", lambda: check_sink(Sink(0.0, 0.5, 0.4, 0.6))),
    ("0.3 s of 0.6 s", lambda: check_sink(Sink(0.0, 0.3))),
    ("nothing is found", seeing(CLASSES)),
    ("image-classification finds", seeing(CLASSES, DetectedObject("cat", 0.9, BOX))),
    ("no probability", seeing(CLASSES, ImageClass("cat", 90))),
    ("pixels of width", seeing(OBJECTS, DetectedObject("cat", 0.9, Box(0, 0, 301, 200)))),
    ("pixels of height", seeing(OBJECTS, DetectedObject("cat", 0.9, Box(0, 200, 300, 100)))),
    ("the mask has another size", seeing(SEGMENTS, Segment("cat", 0.9, BOX, 1.0, picture(30, 20)))),
    ("the surest does not come first", seeing(CLASSES, ImageClass("dog", 0.1), SURE)),
    (
        "the confidence is not heeded",
        lambda: check_vision(Careless({CLASSES: [SURE, ImageClass("a", 0.1)]}), CLASSES, IMAGE),
    ),
    ("taken for a whole image", lambda: check_vision(Careless({CLASSES: [SURE]}), CLASSES, IMAGE)),
    ("the same image gives something else", lambda: check_vision(Fickle({CLASSES: [SURE]}), CLASSES, IMAGE)),
]


@pytest.mark.parametrize(("says", "check"), BROKEN, ids=[f"{n} {case[0]}" for n, case in enumerate(BROKEN)])
def test_a_promise_that_is_broken_is_told(says: str, check: Check) -> None:
    run = asyncio.run if "transcript" in says else run_in_virtual_time  # sound without end leaves no virtual time
    with pytest.raises(AssertionError, match=says):
        run(check())


def test_a_voice_that_waits_for_all_of_the_text_is_told() -> None:
    with pytest.raises(TimeoutError):
        run_in_virtual_time(check_tts(Tts(tone(1.0), patient=True)))


KIND_CHECKS = [
    check_chat,
    check_echo,
    check_intent,
    check_stt,
    check_tts,
    check_turn,
    check_vad,
    check_wake,
    check_source,
    check_sink,
    check_vision,
]


@pytest.mark.parametrize("check", KIND_CHECKS)
def test_what_is_no_engine_of_the_kind_is_told(check: Callable[..., Coroutine[Any, Any, object]]) -> None:
    arguments = {
        check_chat: (REQUEST,),
        check_echo: (PLAYED, PLAYED),
        check_intent: (Vocabulary(), {"lamp on": LAMP_ON}, "lamp"),
        check_stt: (SPOKEN,),
        check_turn: (WHOLE, PART),
        check_vad: (SPOKEN,),
        check_vision: (CLASSES, IMAGE),
        check_wake: (SPOKEN, "x"),
    }
    with pytest.raises(AssertionError):
        asyncio.run(check(object(), *arguments.get(check, ())))


# -- specs -----------------------------------------------------------------------------------------------------------


def test_a_spec_that_is_right_passes() -> None:
    check_spec(fake_spec("fine", Kind.CHAT, FakeChat()))


def test_a_spec_that_takes_any_option_or_describes_nothing_is_told() -> None:
    class Loose(msgspec.Struct):
        """Takes anything."""

    spec = fake_spec("loose", Kind.CHAT, FakeChat())
    with pytest.raises(AssertionError, match="an unknown option is accepted"):
        check_spec(replace(spec, config=Loose))
    with pytest.raises(AssertionError, match="does not return Capabilities"):
        check_spec(replace(spec, describe=lambda _: cast("Capabilities", None)))
    counted = iter(range(100))
    with pytest.raises(AssertionError, match="describe is not pure"):
        check_spec(replace(spec, describe=lambda _: Capabilities(rank=next(counted))))


def test_what_changes_on_the_wire_is_told() -> None:
    with pytest.raises(AssertionError, match="changed on the wire"):
        check_wire({"a": (1,)})
