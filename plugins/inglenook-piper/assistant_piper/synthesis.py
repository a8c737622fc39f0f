"""A loaded voice. Imported when the engine is opened, used by its thread only.

The session is made here and not by `PiperVoice.load`, which takes ONNX Runtime's defaults: threads that spin while
they wait, and an arena that keeps the memory of the longest sentence for ever (300 MB more after one of 15 s).
"""

import json
import logging
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PhonemeType
from piper.config import PiperConfig as VoiceConfig

from assistant import AudioChunk, AudioFormat, ModelError, UnfitRequest, usable_cores
from assistant_piper.config import PiperConfig, configured_voices, language_of
from assistant_piper.gpu import CUDA, use_cuda

__all__ = ["LoadedVoice", "load_voices"]

log = logging.getLogger(__name__)

MAX_LETTERS = 300
"""Longest piece of text that is synthesised at once: its sound is made in one step, and memory grows with it."""

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u200d\u20e3\ufe0f]+")
"""Pictures and their joiners, which espeak-ng would read out by name."""


class LoadedVoice:
    """One voice, ready to speak."""

    def __init__(self, name: str, language: str, voice: PiperVoice, config: PiperConfig) -> None:
        self.name = name
        """What it is asked for."""
        self.language = language
        """BCP-47 tag, as far as it is known."""
        self.on_gpu = CUDA in voice.session.get_providers()
        """Whether a GPU computes it."""
        self._voice = voice
        self._config = config
        self._format = AudioFormat(voice.config.sample_rate)

    def speaker(self, wanted: str) -> int | None:
        """Return the number of a speaker by its name or number, None for the voice's own; raises UnfitRequest."""
        if not wanted:
            return None
        speakers = self._voice.config.speaker_id_map
        if wanted in speakers:
            return int(speakers[wanted])
        if wanted.isdecimal() and int(wanted) < self._voice.config.num_speakers:
            return int(wanted)
        known = ", ".join(speakers) or f"0 to {self._voice.config.num_speakers - 1}"
        raise UnfitRequest(f"the voice {self.name} has no speaker {wanted!r}", hint=f"it has {known}")

    def say(self, text: str, speaker: int | None, speed: float) -> Iterator[AudioChunk]:
        """Yield the sound of *text*, a sentence at a time; nothing where there is no word in it."""
        settings = SynthesisConfig(
            speaker_id=speaker,
            length_scale=self._voice.config.length_scale / speed,
            noise_scale=self._config.noise,
            noise_w_scale=self._config.rhythm_noise,
        )
        for piece in textwrap.wrap(_speakable(text), MAX_LETTERS, break_on_hyphens=False):
            if any(character.isalnum() for character in piece):
                for sentence in self._voice.synthesize(piece, settings):
                    yield AudioChunk(sentence.audio_int16_bytes, self._format)


def _speakable(text: str) -> str:
    """Return *text* without pictures, and without the brackets that would make Piper read phonemes."""
    return _EMOJI.sub(" ", text).replace("[[", "[").replace("]]", "]")


def load_voices(config: PiperConfig) -> dict[str, LoadedVoice]:
    """Load every voice of *config*, the default one first, and let each say a sound so that the first need not wait.

    A GPU that cannot be used is said, and the processor does the work. Raises ModelError for a missing or damaged file.
    """
    cuda = use_cuda(config.cuda)
    voices = {name: _load(name, Path(model), config, cuda) for name, model in configured_voices(config).items()}
    if cuda and not all(voice.on_gpu for voice in voices.values()):
        log.warning("ONNX Runtime cannot use CUDA, and its own message says why: the processor does the work")
    return voices


def _load(name: str, file: Path, config: PiperConfig, cuda: bool) -> LoadedVoice:
    hint = f"try: assistant models pull {file.parent.name}"
    settings = _read_settings(file.with_name(f"{file.name}.json"), hint)
    if not file.is_file():
        raise ModelError(f"there is no Piper voice {file}", hint=hint)
    if settings.phoneme_type not in (PhonemeType.ESPEAK, PhonemeType.TEXT):
        raise ModelError(
            f"the voice {file} needs the phonemes of {settings.phoneme_type.value!r}",
            hint="use one made with espeak-ng",
        )
    try:
        voice = PiperVoice(session=_session(file, config, cuda), config=settings)
        loaded = LoadedVoice(name, language_of(str(file)) or settings.espeak_voice, voice, config)
        list(loaded.say("a", None, 1.0))
    except Exception as error:  # ONNX Runtime and espeak-ng share no class of errors
        raise ModelError(f"{file} cannot be loaded: {error}", hint=hint) from error
    return loaded


def _read_settings(file: Path, hint: str) -> VoiceConfig:
    try:
        return VoiceConfig.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ModelError(f"{file} is missing", hint=hint) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{file} cannot be read: {error!r}", hint=hint) from error


def _session(file: Path, config: PiperConfig, cuda: bool) -> onnxruntime.InferenceSession:
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = config.threads or usable_cores()
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    if cuda:
        providers.insert(0, (CUDA, {"cudnn_conv_algo_search": "HEURISTIC"}))
    return onnxruntime.InferenceSession(str(file), options, providers=providers)
