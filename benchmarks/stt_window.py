"""What the window that fits the speech costs in words and saves in time, beside Whisper's window of 30 s.

Claims: over the recordings and 200 synthesised sentences of 0.6 to 22 s, clean and with noise 10 dB below, our word
error rate is no worse than that of the same model, beam and decoder on sound padded to 30 s (paired bootstrap over the
sentences: the 95 % interval of the difference reaches zero or lies below), and the median time is at most half of its.
faster-whisper's own `transcribe` is run beside them, with its defaults.

Each utterance goes through all systems in turn, so a busy machine is busy for all of them. The sentences are commands
to a house and the Harvard sentences (IEEE Recommended Practice for Speech Quality Measurements, 1969), alone and
joined, read by Piper without its random variation. With `--table` the beam, threads and arithmetic are compared
instead, on every fourth utterance. Without INGLENOOK_TEST_DATA there are the synthesised sentences only.
"""

import argparse
import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import product

import msgspec
import numpy as np
from assistant_faster_whisper import FasterWhisper, FasterWhisperConfig, open_faster_whisper
from assistant_faster_whisper.recogniser import FULL_WINDOW, Recogniser
from assistant_piper import PiperConfig, open_piper
from numpy.typing import NDArray

from assistant import SPEECH, AudioChunk, SttOptions, Voice, in_thread, once
from assistant.convert import converted
from assistant.testing import model_path, recordings

Sound = NDArray[np.int16]
Hear = Callable[[Sound], Awaitable[str]]

SENTENCES = 200
NOISE = 10
"""Decibels of the speech above the noise."""
RESAMPLES = 10_000
JFK = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."

COMMANDS = """
Stop. Next song. Good night. Pause the music. Never mind. Yes, please. Louder. Who is at the door? What time is it?
Turn on the kitchen lights. Turn off the bedroom lamp. Set a timer for ten minutes. Play some jazz in the living room.
What is the weather like tomorrow? Is the front door locked? Make it a little warmer in here. Close the garage door.
Add milk and bread to the shopping list. Cancel the alarm. Open the blinds in the office. Skip to the next song.
How long does it take to boil an egg? What is the capital of Italy? Remind me to call my mother at six.
Dim the hallway lights to thirty percent. Turn everything off when we leave. Start the vacuum cleaner in the kitchen.
What did I ask you to do yesterday? Tell me a joke about a penguin. Is anyone at home? Lock all the doors.
When does the next train to Boston leave? Who wrote the War of the Worlds? Read me the news. Is it going to rain today?
Set the heating in the bathroom to twenty degrees. Wake me up at seven tomorrow morning. How far away is the moon?
What is on my calendar this afternoon? Turn the volume down. Which lights are still on? Call my brother.
Tell me how to get to the airport. Is the washing machine done? Mute the television. How old is the universe?
"""
HARVARD = """
The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.
It's easy to tell the depth of a well. These days a chicken leg is a rare dish.
Rice is often served in round bowls. The juice of lemons makes fine punch.
The box was thrown beside the parked truck. The hogs were fed chopped corn and garbage.
Four hours of steady work faced us. A large size in stockings is hard to sell.
The boy was there when the sun rose. A rod is used to catch pink salmon.
The source of the huge river is the clear spring. Kick the ball straight and follow through.
Help the woman get back to her feet. A pot of tea helps to pass the evening.
Smoky fires lack flame and heat. The soft cushion broke the man's fall.
The salt breeze came across from the sea. The girl at the booth sold fifty bonds.
The small pup gnawed a hole in the sock. The fish twisted and turned on the bent hook.
Press the pants and sew a button on the vest. The swan dive was far short of perfect.
The beauty of the view stunned the young boy. Two blue fish swam in the tank.
Her purse was full of useless trash. The colt reared and threw the tall rider.
It snowed, rained, and hailed the same morning. Read verse out loud for pleasure.
Hoist the load to your left shoulder. Take the winding path to reach the lake.
Note closely the size of the gas tank. Wipe the grease off his dirty face.
Mend the coat before you go out. The wrist was badly strained and hung limp.
The stray cat gave birth to kittens. The young girl gave no clear response.
The meal was cooked before the bell rang. What joy there is in living.
A king ruled the state in the early days. The ship was torn apart on the sharp reef.
Sickness kept him home the third week. The wide road shimmered in the hot sun.
The lazy cow lay in the cool grass. Lift the square stone over the fence.
The rope will bind the seven books at once. Hop over the fence and plunge in.
The friendly gang left the drug store. Mesh wire keeps chicks inside.
The frosty air passed through the coat. The crooked maze failed to fool the mouse.
Adding fast leads to wrong sums. The show was a flop from the very start.
A saw is a tool used for making boards. The wagon moved on well oiled wheels.
March the soldiers past the next hill. A cup of sugar makes sweet fudge.
Place a rosebush near the porch steps. Both lost their lives in the raging storm.
"""
UNITS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that was said."""

    text: str
    """The words."""
    condition: str
    """How it was recorded."""
    sound: Sound
    """16 kHz mono."""

    @property
    def seconds(self) -> float:
        """Return how long it is."""
        return self.sound.size / SPEECH.rate


@dataclass(frozen=True, slots=True)
class Run:
    """What one system made of the utterances."""

    errors: NDArray[np.int64]
    """Words that are wrong, by utterance."""
    seconds: NDArray[np.float64]
    """How long it took, by utterance."""


# -- utterances ----------------------------------------------------------------------------------------------------


def sentences() -> list[str]:
    """Return the sentences to be read: each alone, then two to nine of them joined."""
    commands, harvard = (re.findall(r"\S[^.?]*[.?]", " ".join(text.split())) for text in (COMMANDS, HARVARD))
    alone = commands + harvard
    rng = np.random.default_rng(7)
    joined = [" ".join(rng.choice(harvard, 2 + n % 8, replace=False)) for n in range(SENTENCES - len(alone))]
    return alone + joined


async def read_aloud(texts: Sequence[str]) -> list[Utterance]:
    """Let Piper read *texts*, at three speeds in turn and always the same."""
    config = PiperConfig(model=model_path("piper-en_US-joe-medium"), noise=0.0, rhythm_noise=0.0)
    utterances = []
    async with open_piper(config) as piper:
        for n, text in enumerate(texts):
            speech = converted(piper.speak(once(text), Voice(speed=(1.0, 0.9, 1.15)[n % 3])), SPEECH)
            async with aclosing(speech) as chunks:
                audio = b"".join([chunk.audio async for chunk in chunks])
            utterances.append(Utterance(text, "synthesised", np.frombuffer(audio, np.int16)))
    return utterances


def recorded() -> list[Utterance]:
    """Return the recordings whose words are known."""
    import av

    folder = recordings()
    if folder is None:
        return []
    files = [file for file in sorted((folder / "speech").iterdir()) if not file.name.startswith(("oov", "stereo"))]
    utterances = []
    for file in files:
        with av.open(str(file)) as media:
            to_mono = av.AudioResampler("s16", "mono", SPEECH.rate)
            frames = [f for frame in media.decode(audio=0) for f in to_mono.resample(frame)] + to_mono.resample(None)
        text = JFK if file.stem == "jfk" else file.stem.replace("_", " ")
        sound = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)
        utterances.append(Utterance(text, "recorded", sound))
    return utterances


def noisy(utterance: Utterance, rng: np.random.Generator) -> Utterance:
    """Put *utterance* into pink noise; its louder parts are `NOISE` decibels above that."""
    speech = utterance.sound.astype(float)
    loud = speech[np.abs(speech) > np.abs(speech).max() / 20]
    spectrum = np.fft.rfft(rng.standard_normal(speech.size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.size), 20)), speech.size)
    mixed = speech + noise / noise.std() * loud.std() * 10 ** (-NOISE / 20)
    mixed *= min(1, 32_000 / np.abs(mixed).max())
    return Utterance(utterance.text, f"{utterance.condition}, noise", mixed.astype(np.int16))


async def everything() -> list[Utterance]:
    """Return every utterance, clean and noisy."""
    clean = [*recorded(), *await read_aloud(sentences())]
    rng = np.random.default_rng(3)
    return [*clean, *(noisy(utterance, rng) for utterance in clean)]


# -- words ---------------------------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    """Return the words of *text*: without case and signs, numbers below 100 spelt."""

    units, tens = re.findall(r"\w+", UNITS), re.findall(r"\w+", TENS)

    def spelt(digits: re.Match[str]) -> str:
        ten, unit = divmod(int(digits[0]), 10)
        if ten < 2:
            return f" {units[10 * ten + unit]} "
        return f" {tens[ten - 2]} {units[unit] if unit else ''} "

    plain = re.sub(r"['’]", "", text.lower().replace("%", " percent "))
    return re.sub(r"[^a-z0-9]+", " ", re.sub(r"\b\d{1,2}(?!\d)", spelt, plain)).split()


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words are to be put in, left out or replaced."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(wanted, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


# -- systems -------------------------------------------------------------------------------------------------------


class Padded(Recogniser):
    """The same recogniser, with Whisper's own window only."""

    def windows(self, seconds: float) -> Sequence[int]:
        """Return the full window."""
        return (FULL_WINDOW,)


@asynccontextmanager
async def padded(config: FasterWhisperConfig) -> AsyncIterator[FasterWhisper]:
    """Open the engine with the full window only."""
    with ThreadPoolExecutor(1) as executor:
        yield FasterWhisper(await in_thread(lambda: Padded.load(config), executor), executor, config.language)


def engine(stt: FasterWhisper) -> Hear:
    """Return how to ask an engine of ours."""

    async def hear(sound: Sound) -> str:
        speech = stt.transcribe(once(AudioChunk(sound.tobytes(), SPEECH)), SttOptions(language="en"))
        async with aclosing(speech) as heard:
            return [transcript async for transcript in heard][-1].text

    return hear


def library(config: FasterWhisperConfig) -> Hear:
    """Return how to ask faster-whisper itself, as it comes but for the beam, threads and arithmetic."""
    from faster_whisper import WhisperModel

    model = WhisperModel(config.model, "cpu", compute_type="int8", cpu_threads=config.threads)

    async def hear(sound: Sound) -> str:
        segments, _ = model.transcribe(sound.astype(np.float32) / 32768, "en", beam_size=config.beam)
        return " ".join(segment.text for segment in segments)

    return hear


async def measure(systems: dict[str, Hear], utterances: Sequence[Utterance]) -> dict[str, Run]:
    """Put every utterance to every system in turn."""
    errors: dict[str, list[int]] = {name: [] for name in systems}
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for hear in systems.values():
        await hear(utterances[0].sound)
    for utterance in utterances:
        wanted = words(utterance.text)
        for name, hear in systems.items():
            began = time.perf_counter()
            text = await hear(utterance.sound)
            seconds[name].append(time.perf_counter() - began)
            errors[name].append(word_errors(wanted, words(text)))
    return {name: Run(np.array(errors[name]), np.array(seconds[name])) for name in systems}


# -- results -------------------------------------------------------------------------------------------------------


def verdict(kept: bool) -> str:
    """Say whether a claim holds."""
    return "kept" if kept else "BROKEN"


def interval(ours: Run, theirs: Run, utterances: Sequence[Utterance]) -> tuple[float, float, float]:
    """Return the difference of word error rates and its 95 % interval, in points, by resampling the sentences.

    The conditions of one sentence stay together, for they are not independent.
    """
    texts = {text: n for n, text in enumerate(dict.fromkeys(utterance.text for utterance in utterances))}
    difference, count = np.zeros(len(texts)), np.zeros(len(texts))
    for utterance, change in zip(utterances, ours.errors - theirs.errors, strict=True):
        difference[texts[utterance.text]] += change
        count[texts[utterance.text]] += len(words(utterance.text))
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, len(texts), (RESAMPLES, len(texts)))
    low, high = np.percentile(100 * difference[drawn].sum(axis=1) / count[drawn].sum(axis=1), [2.5, 97.5])
    return float(100 * difference.sum() / count.sum()), float(low), float(high)


def report(runs: dict[str, Run], utterances: Sequence[Utterance]) -> None:
    """Print word error rates and times by condition, and the comparison."""
    length = np.array([utterance.seconds for utterance in utterances])
    condition = np.array([utterance.condition for utterance in utterances])
    total = np.array([len(words(utterance.text)) for utterance in utterances])
    groups = {name: condition == name for name in dict.fromkeys(condition)}
    groups |= {"2 to 5 s": (length >= 2) & (length <= 5), "over 9 s": length > 9, "all": length > 0}
    print(f"{'':20} {'n':>4}  " + "  ".join(f"{name + ': WER, p50, p95':^30}" for name in runs))
    for group, chosen in groups.items():
        cells = []
        for run in runs.values():
            middle, late = np.percentile(run.seconds[chosen], [50, 95])
            rate = run.errors[chosen].sum() / total[chosen].sum()
            cells.append(f"{rate:10.2%} {middle:8.3f} s {late:7.3f} s")
        print(f"{group:20} {chosen.sum():4}  " + "  ".join(f"{cell:30}" for cell in cells))
    ours, *others = runs
    for other in others:
        middle, low, high = interval(runs[ours], runs[other], utterances)
        print(f"word error rate, {ours} less {other}: {middle:+.2f} points (95 %: {low:+.2f} to {high:+.2f})")
        ratios = [np.percentile(runs[ours].seconds, q) / np.percentile(runs[other].seconds, q) for q in (50, 95)]
        print(f"times, {ours} by {other}: p50 {ratios[0]:.2f}, p95 {ratios[1]:.2f}")
        if other == "padded":
            print(f"claims: no worse in words {verdict(low <= 0)}, half the time {verdict(bool(ratios[0] <= 0.5))}")


async def compare(config: FasterWhisperConfig, utterances: Sequence[Utterance]) -> None:
    """Compare the windows."""
    async with open_faster_whisper(config) as ours, padded(config) as full:
        systems = {"ours": engine(ours), "padded": engine(full), "faster-whisper": library(config)}
        report(await measure(systems, utterances), utterances)


async def table(model: str, utterances: Sequence[Utterance]) -> None:
    """Print word error rate and median time by beam, threads and arithmetic, as rows for the plugin's README."""
    total = sum(len(words(utterance.text)) for utterance in utterances)
    systems: dict[str, Hear] = {}
    async with AsyncExitStack() as stack:
        for arithmetic, threads, beam in product(("int8", "int8_float32", "float32"), (1, 2), (1, 2, 5)):
            options = {"compute_type": arithmetic, "threads": threads, "beam": beam, "model": model, "language": "en"}
            config = msgspec.convert(options, FasterWhisperConfig)
            opened = await stack.enter_async_context(open_faster_whisper(config))
            systems[f"{arithmetic} | {threads} | {beam}"] = engine(opened)
        runs = await measure(systems, utterances)
    print("| compute_type | threads | beam | WER | p50 | p95 |\n|---|---|---|---|---|---|")
    for name, run in runs.items():
        middle, late = np.percentile(run.seconds, [50, 95])
        print(f"| {name} | {run.errors.sum() / total:.1%} | {middle:.3f} s | {late:.3f} s |")


async def main() -> None:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", default="whisper-tiny.en", help="an id of the catalogue")
    arguments.add_argument("--beam", type=int, default=5)
    arguments.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth utterance only")
    arguments.add_argument("--table", action="store_true", help="compare the options of the engine")
    chosen = arguments.parse_args()
    model = model_path(chosen.model)
    utterances = (await everything())[:: 4 if chosen.table else chosen.every]
    if chosen.table:
        await table(model, utterances)
    else:
        await compare(FasterWhisperConfig(model=model, beam=chosen.beam, language="en", device="cpu"), utterances)


if __name__ == "__main__":
    asyncio.run(main())
