"""What is said to the systems: labelled files of 16 kHz, made once and kept, the same for all.

Each file is a little of the room, the utterance, and the room again until the answer must have come. The label says
where the last voiced sample ends. Synthesised speech is cut at its voiced edges before it is put in, so its label
is exact; recordings are labelled by their energy.
"""

import hashlib
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from voice.sound import RATE, Samples, edges, level, noise, read, room_like, write

__all__ = ["SETS", "WAIT", "Utterance", "build", "chosen"]

SETS = ("recordings", "lengths", "pauses", "television")
"""Persons who command; questions of 1 to 15 s; utterances with an inner pause; the same beside a television."""
WAIT = 8.0
"""Seconds after the last voiced sample in which an answer must begin."""
_LEAD = 0.6
"""Seconds of the room before the first voiced sample: the breath after a wake word."""
_ROOM = -66.0
"""Decibels of the room's noise, effective, to full scale."""
_SPEECH = -26.0
"""Decibels of synthesised speech, effective, to full scale: about that of the recordings."""
_TELEVISION = -10.0
"""Decibels of the television's voice to the speaker's."""

_RECORDINGS = {
    "cancel_all_timers": "Cancel all timers.",
    "is_the_Garage_Door_open": "Is the garage door open?",
    "next": "Next.",
    "pause": "Pause.",
    "pause_timer": "Pause timer.",
    "resume": "Resume.",
    "set_a_timer_for_5_minutes": "Set a timer for five minutes.",
    "skip_on_TV": "Skip on TV.",
    "turn_off_all_of_the_lights_in_the_Office": "Turn off all of the lights in the office.",
    "turn_on_Standing_Light": "Turn on standing light.",
    "what_time_is_it": "What time is it?",
    "whats_the_date": "What's the date?",
    "whats_the_weather": "What's the weather?",
}
"""The recordings that ask for something; "nevermind" asks for silence, and the others are no commands."""

_QUESTIONS = (
    "What do bees make?",
    "Why is the sky blue?",
    "What is the capital of France?",
    "Who wrote the play Romeo and Juliet?",
    "Which planet is closest to the sun, and how hot is it there?",
    "How long should I boil an egg if I want the yolk to stay soft?",
    "Can you tell me what the largest animal on earth is and where in the world it lives?",
    "Please explain to my daughter in simple words why the leaves of a tree turn red in the autumn.",
    "I have some flour, two eggs and half a litre of milk in the kitchen, so what could I cook for my family tonight?",
    "We are going to drive to the mountains on Saturday morning with two small children and a dog, what should we take "
    "along so that nobody gets bored in the car?",
    "My neighbour says that you can see the great wall of China from the moon with your own eyes, but my teacher told "
    "us that this is only an old story, so which of the two is right about it?",
    "I would like to plant some tomatoes on the balcony this spring, but it only gets about four hours of sun in the "
    "afternoon and it is rather windy up there, so do you think that it could work, and what would you grow there?",
    "Last summer we spent two weeks at a small lake in the north of Italy, and every morning there was a thin white "
    "fog over the water that was gone by nine o'clock, although the nights were not cold at all and it hardly ever "
    "rained, so can you explain to me where this fog came from, and why we never saw it in the evening?",
)
"""From one to fifteen seconds."""

_HALVES = (
    ("Set a timer for", "five minutes."),
    ("What is the capital of", "Italy?"),
    ("Remind me to call", "my mother in the evening."),
    ("Tell me something about", "the planet Mars."),
    ("How many legs does", "a spider have?"),
    ("Could you turn on", "the light in the kitchen?"),
    ("I would like to know", "who invented the telephone."),
    ("What can I cook with", "potatoes and cheese?"),
    ("Please tell me", "what is the largest animal on earth?"),
    ("Is it true that", "the moon makes the tides?"),
    ("Play some music by", "Johann Sebastian Bach."),
    ("Which country has", "the most people?"),
)
"""Utterances in which the speaker stops to think."""
_PAUSES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 0.45, 0.65)
"""Seconds of the pause of each."""

_NEWS = """And now the news of the evening. The government has said that the new bridge over the river will be opened in
the spring of next year, two years later than it was planned. The builders blame the cold winter and the price of steel.
In sport, the home team has won its third game in a row, and the trainer was very happy with the young players. Tomorrow
will be cloudy in the north with some rain in the afternoon, while the south stays dry and warm. The roads around the
city are still closed because of the marathon, and buses will take another way until ten in the evening. That was the
news, and now we go on with our film about the birds of the northern islands."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A labelled file."""

    name: str
    """Unique."""
    set: str
    """One of `SETS`."""
    text: str
    """What is said."""
    voice: str
    """Who says it."""
    file: str
    """16 kHz mono, with the room around it."""
    first: float
    """Seconds into the file at which the first voiced sample is."""
    last: float
    """Seconds into the file at which the last voiced sample ends."""
    pause: float = 0.0
    """Seconds of the pause inside; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class _Voice:
    name: str
    speak: Callable[[str], Samples]
    """Returns a text as sound of `RATE`."""


def build(folder: Path, piper: Path, recordings: Path | None) -> list[Utterance]:
    """Return the corpus, made in *folder* where it is not there yet.

    *piper* is the `.onnx` of the voice; *recordings* is the folder of real ones, or None where there are none.
    """
    code = b"".join(Path(__file__).with_name(name).read_bytes() for name in ("corpus.py", "sound.py"))
    digest = hashlib.sha256(code + str(recordings is not None).encode())
    place = folder / f"corpus-{digest.hexdigest()[:12]}"
    labels = place / "labels.json"
    if not labels.exists():
        place.mkdir(parents=True, exist_ok=True)
        made = [asdict(utterance) for utterance in _make(place, piper, recordings)]
        labels.write_text(json.dumps(made, indent=1))
    return [Utterance(**{**entry, "file": str(place / entry["file"])}) for entry in json.loads(labels.read_text())]


def chosen(corpus: Sequence[Utterance], sets: Sequence[str], count: int) -> list[Utterance]:
    """Return *count* utterances of each set, spread evenly over it, so that lengths and pauses are mixed."""
    found = []
    for name in sets:
        members = [utterance for utterance in corpus if utterance.set == name]
        steps: Any = np.linspace(0, len(members) - 1, min(count, len(members))) if members else []
        found += [members[round(float(step))] for step in steps]
    return found


def _make(folder: Path, piper: Path, recordings: Path | None) -> Iterator[Utterance]:
    voices = list(_voices(piper))
    for name, text in _RECORDINGS.items() if recordings else ():
        samples = read(recordings / "speech" / f"{name}.wav")  # type: ignore[operator]
        yield _extended(folder, Utterance(f"recording-{name}", "recordings", text, "person", "", 0, 0), samples)
    for n, (text, voice) in enumerate(zip(_QUESTIONS, itertools.cycle(voices), strict=False)):
        utterance = Utterance(f"length-{n:02}-{voice.name}", "lengths", text, voice.name, "", 0, 0)
        yield _save(folder, utterance, _clean(voice.speak(text)))
    news = _at(_SPEECH + _TELEVISION, _television(voices).speak(_NEWS))
    for n, ((before, after), pause, voice) in enumerate(zip(_HALVES, _PAUSES, itertools.cycle(voices), strict=False)):
        silence = np.zeros(round(pause * RATE), np.float32)
        speech = np.concatenate([_clean(voice.speak(before)), silence, _clean(voice.speak(after))])
        text = f"{before} {after}"
        name = f"{n:02}-{round(1000 * pause)}ms-{voice.name}"
        yield _save(folder, Utterance(f"pause-{name}", "pauses", text, voice.name, "", 0, 0, pause), speech)
        if n % 2 == 0:
            utterance = Utterance(f"television-{name}", "television", text, voice.name, "", 0, 0, pause)
            yield _save(folder, utterance, speech, np.roll(news, -n * RATE))
    for n, text in enumerate(_QUESTIONS[1:8:2]):
        utterance = Utterance(f"television-length-{n:02}-joe", "television", text, "joe", "", 0, 0)
        yield _save(folder, utterance, _clean(voices[0].speak(text)), np.roll(news, -n * 3 * RATE))


def _save(folder: Path, utterance: Utterance, speech: Samples, beside: Samples | None = None) -> Utterance:
    """Put *speech*, cut at its voiced edges, into the room, with the television *beside* it if there is one."""
    lead, total = round(_LEAD * RATE), round((_LEAD + WAIT) * RATE) + len(speech)
    room = noise(total, _ROOM, seed=len(speech))
    room[lead : lead + len(speech)] += speech
    if beside is not None:
        room += np.resize(beside, total)
    file = f"{utterance.name}.wav"
    write(folder / file, room)
    last = (lead + len(speech)) / RATE
    return Utterance(**{**asdict(utterance), "file": file, "first": _LEAD, "last": last})


def _extended(folder: Path, utterance: Utterance, samples: Samples) -> Utterance:
    """Keep a recording as it is, and let its room go on before and after it."""
    first, last = (round(edge * RATE) for edge in edges(samples))
    ending = samples[max(last, len(samples) - RATE // 4) :]
    before = room_like(ending, max(0, round(_LEAD * RATE) - first))
    after = room_like(ending, round(WAIT * RATE) - (len(samples) - last))
    file = f"{utterance.name}.wav"
    write(folder / file, np.concatenate([before, samples, after]))
    begins, ends = (len(before) + first) / RATE, (len(before) + last) / RATE
    return Utterance(**{**asdict(utterance), "file": file, "first": begins, "last": ends})


def _clean(samples: Samples) -> Samples:
    """Cut synthesised speech at its voiced edges, and set its level."""
    first, last = edges(samples)
    return _at(_SPEECH, samples[round(first * RATE) : round(last * RATE)])


def _at(decibels: float, samples: Samples) -> Samples:
    return samples * np.float32(10 ** ((decibels - level(samples)) / 20))


def _voices(piper: Path) -> Iterator[_Voice]:
    """Yield joe as he is, faster, with a higher and with a lower voice, and two of espeak-ng where it is installed.

    Nothing is left to chance: Piper's noises are off.
    """
    from piper import PiperVoice, SynthesisConfig

    joe = PiperVoice.load(piper)

    def speak(text: str, slowness: float = 1.0, pitch: float = 1.0) -> Samples:
        config: Any = SynthesisConfig(length_scale=slowness * pitch, noise_scale=0.0, noise_w_scale=0.0)
        made = np.concatenate([chunk.audio_float_array for chunk in joe.synthesize(text, config)])
        return np.asarray(soxr.resample(made, joe.config.sample_rate * pitch, RATE), np.float32)

    yield _Voice("joe", speak)
    yield _Voice("high", lambda text: speak(text, pitch=1.18))
    yield _Voice("fast", lambda text: speak(text, slowness=0.85))
    yield _Voice("low", lambda text: speak(text, pitch=0.88))
    if shutil.which("espeak-ng"):
        yield _Voice("espeak", lambda text: _espeak(text, "en-us"))


def _television(voices: Sequence[_Voice]) -> _Voice:
    return next(voice for voice in voices if voice.name == "low")


def _espeak(text: str, voice: str) -> Samples:
    import wave

    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", file.name, text], check=True)
        with wave.open(file.name, "rb") as sound:
            made = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768
            return np.asarray(soxr.resample(made, sound.getframerate(), RATE), np.float32)
