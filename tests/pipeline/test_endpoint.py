"""The endpoint: frames of speech and silence in, events out."""

import pytest

from assistant import SpeechProbability
from assistant.config import EndpointConfig
from assistant.pipeline.endpoint import Ended, Endpoint, EndpointEvent, Paused, Resumed, SpeechStarted

FRAME = 0.05
CONFIG = EndpointConfig(
    min_speech=0.2, pause=0.2, silence=0.7, shortest=0.3, longest=1.5, nothing_said=3, max_utterance=10
)


def events(
    pattern: str, config: EndpointConfig = CONFIG, scores: dict[int, float] | None = None
) -> list[EndpointEvent]:
    """Push a frame of 50 ms for each sign: `#` is speech, `~` a murmur between the thresholds, `.` silence."""
    endpoint = Endpoint(config, 0.0)
    said: list[EndpointEvent] = []
    for at, sign in enumerate(pattern.replace(" ", "")):
        if scores and at in scores:
            endpoint.score(scores[at])
        probability = {"#": 0.9, "~": 0.4, ".": 0.0}[sign]
        said += endpoint.push(SpeechProbability(probability, at * FRAME, (at + 1) * FRAME))
        if said and isinstance(said[-1], Ended):
            break
    return said


def second(count: float) -> int:
    return round(count / FRAME)


def at(pattern: str) -> float:
    """Return the time at which a pattern ends."""
    return pytest.approx(len(pattern.replace(" ", "")) * FRAME)  # type: ignore[return-value]


CASES: list[tuple[str, str, list[EndpointEvent]]] = [
    ("nobody speaks", "." * 100, [Ended(0.0, "nothing")]),
    ("a click is no speech", "..#" + "." * 100, [Ended(0.0, "nothing")]),
    ("clicks are no speech", "..#....#....#" + "." * 100, [Ended(0.0, "nothing")]),
    (
        "one word",
        ".... ######## " + "." * 30,
        [SpeechStarted(at("....")), Paused(at(".... ########")), Ended(at(".... ########"), "silence")],
    ),
    (
        "a faint beginning is part of it",
        "... ## ...... ########" + "." * 30,
        [
            SpeechStarted(at("...")),
            Paused(at("... ## ...... ########")),
            Ended(at("... ## ...... ########"), "silence"),
        ],
    ),
    (
        "a click long before is none",
        "... ## .............. ########" + "." * 30,
        [
            SpeechStarted(at("... ## ..............")),
            Paused(at("... ## .............. ########")),
            Ended(at("... ## .............. ########"), "silence"),
        ],
    ),
    (
        "a short break is none",
        "######## ... ####" + "." * 30,
        [SpeechStarted(0.0), Paused(at("######## ... ####")), Ended(at("######## ... ####"), "silence")],
    ),
    (
        "a pause, and more",
        "######## ...... ####" + "." * 30,
        [
            SpeechStarted(0.0),
            Paused(at("########")),
            Resumed(at("######## ......")),
            Paused(at("######## ...... ####")),
            Ended(at("######## ...... ####"), "silence"),
        ],
    ),
    (
        "a murmur goes on with speech",
        "######## ~~~~~~~~~~~~ #" + "." * 30,
        [SpeechStarted(0.0), Paused(at("######## ~~~~~~~~~~~~ #")), Ended(at("######## ~~~~~~~~~~~~ #"), "silence")],
    ),
    ("a murmur begins nothing", "~" * 100, [Ended(0.0, "nothing")]),
    (
        "a murmur after a pause resumes nothing",
        "######## ..... ~~~~~~~~~~~~~~~~",
        [SpeechStarted(0.0), Paused(at("########")), Ended(at("########"), "silence")],
    ),
    ("endless speech is cut", "#" * 300, [SpeechStarted(0.0), Ended(at("#" * 200), "limit")]),
]


@pytest.mark.parametrize(("pattern", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_said_of_a_sound(pattern: str, wanted: list[EndpointEvent]) -> None:
    assert events(pattern) == wanted


@pytest.mark.parametrize(
    ("probability", "wait"),
    [(1.0, 0.3), (0.5, 0.9), (0.0, 1.5), (0.75, 0.6)],
    ids=["surely", "perhaps", "no", "likely"],
)
def test_the_wait_is_interpolated_by_how_complete_the_sentence_is(probability: float, wait: float) -> None:
    speech = "########"
    pattern = speech + "." * 60
    endpoint = Endpoint(CONFIG, 0.0)
    ended = 0.0
    for n, sign in enumerate(pattern):
        frame = SpeechProbability(float(sign == "#"), n * FRAME, (n + 1) * FRAME)
        for event in endpoint.push(frame):
            if isinstance(event, Paused):
                endpoint.score(probability)
            if isinstance(event, Ended):
                ended = ended or frame.end
    assert ended == pytest.approx(len(speech) * FRAME + wait, abs=FRAME + 1e-6)


@pytest.mark.parametrize(("answered", "wait"), [(0.4, 0.4), (0.1, 0.3), (9.0, 0.7)])
def test_an_end_waits_for_the_answer_but_no_longer_than_the_usual_silence(answered: float, wait: float) -> None:
    endpoint = Endpoint(CONFIG, 0.0)
    heard: list[float] = []

    def silence() -> float:
        return heard[-1] - 8 * FRAME

    for n in range(60):
        heard.append((n + 1) * FRAME)
        for event in endpoint.push(SpeechProbability(float(n < 8), n * FRAME, heard[-1])):
            if isinstance(event, Paused):
                endpoint.score(1.0)
                endpoint.hold(lambda: silence() >= answered - 1e-6)
            if isinstance(event, Ended):
                assert silence() == pytest.approx(wait, abs=FRAME / 2)
                return
    raise AssertionError("it never ends")


def test_speech_after_a_pause_forgets_the_score() -> None:
    pattern = "######## ..... #### " + "." * 40
    paused_at = len("########.....")
    said = events(pattern, scores={paused_at - 1: 0.0})
    assert said[-1] == Ended(at("######## ..... ####"), "silence")
    frames = pattern.replace(" ", "")
    quick = events(frames[: len("########.....####") + second(0.7) + 1], scores={paused_at - 1: 0.0})
    assert isinstance(quick[-1], Ended)


def test_times_are_on_the_clock_of_the_audio() -> None:
    endpoint = Endpoint(CONFIG, 100.0)
    said = [
        e for n in range(40) for e in endpoint.push(SpeechProbability(float(n < 8), 100 + n * 0.05, 100.05 + n * 0.05))
    ]
    assert said[0] == SpeechStarted(100.0)
    assert next(e for e in said if isinstance(e, Ended)).at == pytest.approx(100.4)


def test_no_speech_at_all_is_needed_where_the_configuration_says_so() -> None:
    config = EndpointConfig(min_speech=0.0)
    first = events("...#" + "." * 40, config)[0]
    assert isinstance(first, SpeechStarted)
    assert first.at == pytest.approx(0.15)


@pytest.mark.parametrize("length", [0.01, 0.032, 0.08, 0.1])
def test_the_length_of_frames_does_not_matter(length: float) -> None:
    endpoint = Endpoint(CONFIG, 0.0)
    said: list[EndpointEvent] = []
    n = 0
    while not (said and isinstance(said[-1], Ended)):
        start = n * length
        said += endpoint.push(SpeechProbability(float(start < 1.0), start, start + length))
        n += 1
    assert [type(event) for event in said] == [SpeechStarted, Paused, Ended]
    assert n * length == pytest.approx(1.0 + CONFIG.silence, abs=2 * length)
