"""What `/v1/audio/transcriptions` answers: JSON, text, subtitles, events."""

import zlib
from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from assistant.serving import Heard
from assistant.speech import TimedText

__all__ = ["Delta", "Done", "Transcription", "VerboseTranscription", "brief", "srt", "verbose", "vtt"]

_FRAMES = 100
"""What Whisper counts in a second."""


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """What it cost: seconds of sound."""

    seconds: float
    type: Literal["duration"] = "duration"


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """The words."""

    text: str
    usage: Duration


class TimedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """Up to a sentence of it, when it was said, and how sure the model is: clients rely on every key."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class TimedWord(msgspec.Struct, frozen=True, kw_only=True):
    """A word of it, and when it was said."""

    word: str
    start: float
    end: float


class VerboseTranscription(msgspec.Struct, frozen=True, kw_only=True):
    """The words, and when they were said."""

    task: Literal["transcribe", "translate"]
    language: str
    duration: float
    text: str
    usage: Duration
    segments: list[TimedSegment] | UnsetType = UNSET
    words: list[TimedWord] | UnsetType = UNSET


class Delta(msgspec.Struct, frozen=True, kw_only=True, tag="transcript.text.delta"):
    """More words."""

    delta: str


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="transcript.text.done"):
    """All words, without what they cost: clients know that by tokens only here, and none are counted."""

    text: str


def brief(heard: Heard) -> Transcription:
    """Return the words."""
    return Transcription(text=heard.transcript.text, usage=usage(heard))


def usage(heard: Heard) -> Duration:
    """Return what it cost."""
    return Duration(seconds=round(heard.seconds, 3))


def verbose(heard: Heard, told: Iterable[str], temperature: float, *, translated: bool) -> VerboseTranscription:
    """Return the words with times: of what is *told*, which is `segment`, `word` or both."""
    said = heard.transcript
    segments = [_segment(n, one, temperature) for n, one in enumerate(said.segments)]
    words = [TimedWord(word=word.text, start=word.start, end=word.end) for word in said.words]
    return VerboseTranscription(
        task="translate" if translated else "transcribe",
        language=said.language,
        duration=round(heard.seconds, 3),
        text=said.text,
        usage=usage(heard),
        segments=segments if "segment" in told else UNSET,
        words=words if "word" in told else UNSET,
    )


def _segment(number: int, said: TimedText, temperature: float) -> TimedSegment:
    return TimedSegment(
        id=number,
        seek=round(said.start * _FRAMES),
        start=said.start,
        end=said.end,
        text=said.text,
        tokens=list(said.tokens),
        temperature=temperature,
        avg_logprob=said.logprob or 0.0,  # where a model tells none, by these two nobody throws the segment away
        compression_ratio=_compression(said.text) if said.compression is None else said.compression,
        no_speech_prob=said.no_speech or 0.0,
    )


def _compression(text: str) -> float:
    """Return what Whisper calls so (openai/whisper, utils.py)."""
    written = text.encode()
    return len(written) / len(zlib.compress(written))


def srt(segments: Iterable[TimedText]) -> str:
    """Return subtitles as SubRip's: https://www.matroska.org/technical/subtitles.html#srt-subtitles."""
    return "".join(
        f"{n}\n{_clock(one.start, ',')} --> {_clock(one.end, ',')}\n{_line(one.text)}\n\n"
        for n, one in enumerate(segments, 1)
    )


def vtt(segments: Iterable[TimedText]) -> str:
    """Return subtitles as WebVTT: https://www.w3.org/TR/webvtt1/."""
    cues = (f"{_clock(one.start, '.')} --> {_clock(one.end, '.')}\n{_line(one.text)}\n\n" for one in segments)
    return "WEBVTT\n\n" + "".join(cues)


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _line(text: str) -> str:
    """Return *text* as it cannot be taken for a time."""
    return " ".join(text.replace("-->", "->").split())
