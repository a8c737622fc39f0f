"""Whisper on one window of sound. Imported when the engine is opened, used by its thread only.

CTranslate2 is driven directly rather than through `WhisperModel.transcribe`, because the encoder need not run over the
30 s that it pads every command to: a window of 10 s, or of a second more than is spoken, takes a third of the time or
less. Only where the result looks wrong the full window is tried as well, and the better of the two is taken.
"""

import logging
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.tokenizer import Tokenizer
from msgspec.structs import replace

from assistant import EngineError, ModelError, SttOptions, TimedText, UnfitRequest
from assistant_faster_whisper import loading
from assistant_faster_whisper.config import FasterWhisperConfig
from assistant_faster_whisper.features import FRAMES_PER_SECOND, RATE, LogMel, padded
from assistant_faster_whisper.guess import TIMESTAMP_LOGPROB, Guess, best, conclusive
from assistant_faster_whisper.pauses import between, pauses

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Heard", "Recogniser"]

log = logging.getLogger(__name__)

SECONDS_PER_TIMESTAMP = 0.02
"""What one timestamp token counts."""
FULL_WINDOW = 30
"""Seconds that Whisper was trained on."""
SHORT_WINDOW = 10
"""Seconds of the shortest window. Measured with tiny.en on 31 commands of 2 to 5 s: 10 s make as many word errors as 30
(0.252), 8 s 0.43, 5 s 0.85."""
LONGEST_SHORT_WINDOW = 24
"""Seconds of the longest window that is tried before the full one: a longer one spares little, and where it leaves a
doubt, the full one tells the same once more."""
SILENCE_BEHIND = 1
"""Seconds of window that must follow the sound for the text to end. Measured: 2 and 4 are no better."""
QUIET = 0.001
"""Amplitude (of 1) below which nobody speaks: -60 dB of full scale."""
PROMPT_TOKENS = 200
"""How much of the prompt is read; the model takes 223."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a window holds."""

    text: str
    """The words; empty where nobody spoke."""
    language: str
    """Whisper's code of the language."""
    seconds: float
    """How much of the window that covers; the rest is to be heard again, together with what follows."""
    segments: tuple[TimedText, ...] = ()
    """The words in pieces, with their times in the window."""
    words: tuple[TimedText, ...] = ()
    """The same word by word, where that is asked for."""


class Recogniser:
    """A loaded model."""

    def __init__(self, model: "ctranslate2.models.Whisper", tokenizer: "tokenizers.Tokenizer", beam: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._log_mel = LogMel(model.n_mels)
        self._beam = beam

    @classmethod
    def load(cls, config: FasterWhisperConfig) -> Self:
        """Load the model of *config* and run it once, so that the first utterance need not wait.

        A GPU that cannot be used is said, and the processor does the work. Raises ModelError for a missing or damaged
        folder.
        """
        folder = loading.check_folder(Path(config.model))
        device = loading.choose_device(config.device)
        if device == "cuda":
            try:
                return cls._load(config, folder, device)
            except (EngineError, ModelError) as error:
                log.warning("%s (%s); the processor does the work", error, error.hint)
        if "cuda" in (device, config.device):  # the arithmetic was chosen for a GPU
            config = replace(config, compute_type="auto")
        return cls._load(config, folder, "cpu")

    @classmethod
    def _load(cls, config: FasterWhisperConfig, folder: Path, device: str) -> Self:
        model = loading.load_model(folder, device, config.compute_type, config.threads)
        recogniser = cls(model, loading.load_tokenizer(folder), config.beam)
        with loading.load_errors(folder, device):
            next(recogniser._guesses(np.zeros(RATE, np.float32), "en", SttOptions()))
        return recogniser

    def close(self) -> None:
        """Free the model."""
        self._model.unload_model()

    def check_language(self, code: str) -> str:
        """Return *code* where the model knows that language; raises EngineError where it does not."""
        if not self._model.is_multilingual and code != "en":
            raise UnfitRequest(
                f"the Whisper model knows English only, not {code!r}", hint="use a multilingual one: whisper-base"
            )
        if self._model.is_multilingual and self._tokenizer.token_to_id(f"<|{code}|>") is None:
            raise UnfitRequest(f"this Whisper model does not know {code!r}", hint="use a larger one: whisper-large-v3")
        return code

    def check_task(self, options: SttOptions) -> None:
        """Raise UnfitRequest where the model cannot translate and shall."""
        if options.translate and not self._model.is_multilingual:
            raise UnfitRequest("the Whisper model does not translate", hint="use a multilingual one: whisper-base")

    def pause(self, audio: bytes) -> int:
        """Return the byte at which *audio* (a full window, 16-bit) is best cut: the quietest tenth of its last 5 s."""
        tail = _samples(audio)[-5 * RATE :]
        tenths = tail[: len(tail) // (RATE // 10) * (RATE // 10)].reshape(-1, RATE // 10)
        quietest = int(np.square(tenths).sum(axis=1).argmin())
        return len(audio) - 2 * (len(tail) - quietest * (RATE // 10) - RATE // 20)

    def windows(self, seconds: float) -> Sequence[int]:
        """Return the windows to try for that much sound, in seconds, the cheapest first."""
        window = max(SHORT_WINDOW, math.ceil(seconds) + SILENCE_BEHIND)
        return (window, FULL_WINDOW) if window <= LONGEST_SHORT_WINDOW else (FULL_WINDOW,)

    def hear(self, audio: bytes, language: str | None, options: SttOptions) -> Iterator[Heard | None]:
        """Yield what is said in *audio* (16 kHz mono, 16-bit, up to 30 s), after None for each guess that leaves doubt.

        The language is Whisper's code, or None to find out. Raises EngineError where the model fails.
        """
        samples = _samples(audio)
        if not len(samples) or np.abs(samples).max() < QUIET:
            yield Heard("", language or "", len(samples) / RATE)
            return
        guesses: list[Guess] = []
        windows: list[ctranslate2.StorageView] = []
        words: list[TimedText] = []
        try:
            for guess, encoded in self._guesses(samples, language, options):
                guesses.append(guess)
                windows.append(encoded)
                if conclusive(guess):
                    break
                yield None
            found = best(guesses)
            if found and options.words:
                words = self._align(windows[guesses.index(found)], found, options, found.seconds)
        except RuntimeError as error:
            raise EngineError(f"Whisper failed on {len(samples) / RATE:.1f} s of sound: {error}") from error
        if found:
            quiet = pauses(samples, RATE)
            segments, words = (list(between(quiet, parts, found.seconds)) for parts in (found.segments, words))
            yield Heard(found.text, found.language, found.seconds, tuple(segments), tuple(words))
        else:
            yield Heard("", guesses[-1].language, len(samples) / RATE)

    def _guesses(
        self, samples: "NDArray[np.float32]", language: str | None, options: SttOptions
    ) -> "Iterator[tuple[Guess, ctranslate2.StorageView]]":
        """Yield what the window may say, the cheapest guess first, and the window as the decoder sees it."""
        seconds = len(samples) / RATE
        features = self._log_mel(samples)
        for window in self.windows(seconds):
            encoded = self._encode(padded(features, window))
            spoken = language or self._detect(encoded)
            guess = self._decode(encoded, spoken, options, seconds)
            yield guess, encoded
        if guess.looped:
            yield self._decode(encoded, spoken, options, seconds, no_repeat_ngram_size=3), encoded

    def _encode(self, features: "NDArray[np.float32]") -> "ctranslate2.StorageView":
        return self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features[None])))

    def _detect(self, encoded: "ctranslate2.StorageView") -> str:
        if not self._model.is_multilingual:
            return "en"
        token, _ = self._model.detect_language(encoded)[0][0]
        return str(token).strip("<|>")

    def _decode(
        self, encoded: "ctranslate2.StorageView", language: str, options: SttOptions, seconds: float, **more: int
    ) -> Guess:
        tokenizer = self._speaking(language, options)
        start = tokenizer.sot_sequence
        if prompt := options.prompt.strip():
            start = [tokenizer.sot_prev, *tokenizer.encode(" " + prompt)[:PROMPT_TOKENS], *start]
        most = _most_tokens(seconds)
        result = self._model.generate(
            encoded,
            [start],
            **self._search(options.temperature),
            max_length=_max_length(len(start), most),
            return_scores=True,
            return_no_speech_prob=True,
            **more,
        )[0]
        tokens = result.sequences_ids[0]
        written = tokenizer.decode(tokens).encode()
        whole = _whole(tokenizer, tokens) if len(tokens) >= most - 1 else tokens
        pieces = _pieces(tokenizer, whole, seconds)
        compression = len(written) / len(zlib.compress(written))
        told = partial(
            TimedText,
            logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),  # with the end, as openai/whisper has it
            no_speech=result.no_speech_prob,
            compression=compression,
        )
        return Guess(
            text=_text(tokenizer, [token for piece in pieces for token in piece.tokens]),
            language=language,
            seconds=_reached(tokenizer, whole, seconds),
            logprob=_logprob(tokenizer, tokens, result.scores[0]),
            no_speech=result.no_speech_prob,
            compression=compression,
            ended=bool(tokens) and tokens[-1] >= tokenizer.timestamp_begin,
            segments=tuple(
                told(text, piece.start, piece.end, tuple(piece.tokens))
                for piece in pieces
                if (text := _text(tokenizer, piece.tokens))
            ),
            tokens=tuple(token for piece in pieces for token in piece.tokens),
        )

    def _speaking(self, language: str, options: SttOptions) -> Tokenizer:
        task = "translate" if options.translate else "transcribe"
        return Tokenizer(self._tokenizer, self._model.is_multilingual, task=task, language=language)

    def _search(self, temperature: float) -> dict[str, Any]:
        """Return how the decoder looks for words: by a beam, or by chance (openai/whisper, decoding.py)."""
        if temperature:
            return {"beam_size": 1, "sampling_topk": 0, "sampling_temperature": temperature}
        return {"beam_size": self._beam}

    def _align(
        self, encoded: "ctranslate2.StorageView", guess: Guess, options: SttOptions, seconds: float
    ) -> list[TimedText]:
        """Return when each word was said, by where the decoder looked while it wrote it (openai/whisper, timing.py)."""
        tokenizer, tokens = self._speaking(guess.language, options), list(guess.tokens)
        frames = math.ceil(seconds * FRAMES_PER_SECOND)
        [aligned] = self._model.align(encoded, tokenizer.sot_sequence, [tokens], frames)
        times: dict[int, float] = {}
        for token, frame in aligned.alignments:
            times.setdefault(token, frame * SECONDS_PER_TIMESTAMP)
        words: list[TimedText] = []
        at = 0
        for text, of_word in zip(*tokenizer.split_to_word_tokens([*tokens, tokenizer.eot]), strict=True):
            start, at = times.get(at, seconds), at + len(of_word)
            if at > len(tokens):
                break
            end = times.get(at, seconds)
            if words and not any(character.isalnum() for character in text):
                words[-1] = TimedText(words[-1].text + text.strip(), words[-1].start, words[-1].end)
            elif text.strip():
                words.append(TimedText(text.strip(), start, end))
        return words


def _logprob(tokenizer: Tokenizer, tokens: Sequence[int], score: float) -> float:
    """Return the mean log-probability of the words and the end; *score* is that of all *tokens*, without the end."""
    begin: int = tokenizer.timestamp_begin
    words = sum(token < begin for token in tokens)
    timestamps = len(tokens) - words
    return (score * len(tokens) - timestamps * TIMESTAMP_LOGPROB) / (words + 1)


def _samples(audio: bytes) -> "NDArray[np.float32]":
    return np.frombuffer(audio, "<i2").astype(np.float32) / np.float32(32768)


def _most_tokens(seconds: float) -> int:
    """Return how much can have been said: half of the model's context in 30 s, as in openai/whisper, and a bit more."""
    return min(10 + round(7.5 * seconds), 224)


def _max_length(prompt: int, tokens: int) -> int:
    """Return the `max_length` by which CTranslate2 writes that many tokens behind a prompt.

    Both count, and never more than half of it is written (src/models/whisper.cc).
    """
    return max(2 * tokens, prompt + tokens)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some tokens of words, and when they were said."""

    tokens: list[int]
    start: float
    end: float


def _pieces(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float) -> list[_Piece]:
    """Return the segments that begin before the sound ends.

    Each segment is `<|start|> words <|end|>`. What is written behind the end of the sound is made up.
    """
    pieces: list[_Piece] = []
    words: list[int] = []
    position = 0.0
    for token in tokens:
        if token >= tokenizer.timestamp_begin:
            start, position = position, (token - tokenizer.timestamp_begin) * SECONDS_PER_TIMESTAMP
            if words:
                pieces.append(_Piece(words, start, min(position, seconds)))
                words = []
        elif position < seconds - 0.1 or not (pieces or words):
            words.append(token)
    return [*pieces, _Piece(words, position, seconds)] if words else pieces


def _whole(tokenizer: Tokenizer, tokens: Sequence[int]) -> Sequence[int]:
    """Return the segments that were finished before the decoder was stopped; all *tokens* where there is none."""
    begin: int = tokenizer.timestamp_begin
    ends = [end for end in range(2, len(tokens) + 1) if min(tokens[end - 2 : end]) >= begin]
    return tokens[: ends[-1]] if ends else tokens


def _text(tokenizer: Tokenizer, words: list[int]) -> str:
    """Return what *words* spell; without a letter or digit it is no text."""
    text: str = tokenizer.decode(words).strip(" \ufffd")  # a character may be cut where the decoder was stopped
    return text if any(character.isalnum() for character in text) else ""


def _reached(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float) -> float:
    """Return how far the decoder came: one that opens a further segment and stops has not heard the rest."""
    opened = len(tokens) > 1 and min(tokens[-2:]) >= tokenizer.timestamp_begin
    position = (tokens[-1] - tokenizer.timestamp_begin) * SECONDS_PER_TIMESTAMP if opened else seconds
    return position if 1 <= position <= seconds - 1 else seconds
