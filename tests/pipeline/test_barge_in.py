"""Barge-in: frames of speech and words that were heard during a reply in, decisions out."""

import pytest

from assistant import SpeechProbability
from assistant.pipeline.barge_in import (
    BargeIn,
    BargeInEvent,
    Confirmed,
    FalseAlarm,
    Hushed,
    Meaning,
    Suspected,
    is_own_words,
    meaning,
)

FRAME = 0.05


def events(pattern: str, frame: float = FRAME, since: float = -9.0) -> list[BargeInEvent]:
    """Push a frame of 50 ms for each sign: `#` is speech, `~` a murmur between the thresholds, `.` silence."""
    barge_in = BargeIn(0.5)
    barge_in.sounds(since)
    said: list[BargeInEvent] = []
    for at, sign in enumerate(pattern.replace(" ", "")):
        probability = {"#": 0.9, "~": 0.4, ".": 0.0}[sign]
        said += barge_in.push(SpeechProbability(probability, at * frame, (at + 1) * frame))
    return said


def at(pattern: str) -> float:
    """Return the time at which a pattern ends."""
    return pytest.approx(len(pattern.replace(" ", "")) * FRAME)  # type: ignore[return-value]


CASES: list[tuple[str, str, list[BargeInEvent]]] = [
    ("nobody speaks", "." * 100, []),
    ("a click", "..##" + "." * 40, []),
    ("clicks", "..#....#....##...#" + "." * 40, []),
    ("a murmur", "~" * 100, []),
    (
        "a short word",
        ".... ##### " + "." * 30,
        [Suspected(at("....")), Hushed(at(".... #####")), FalseAlarm(at(".... #####"))],
    ),
    (
        "half a second",
        ".. ########## ....",
        [Suspected(at("..")), Confirmed(at(".."))],
    ),
    (
        "a second and a half",
        "#" * 30 + "." * 20,
        [
            Suspected(0.0),
            Confirmed(0.0),
            Confirmed(0.0),
            Confirmed(0.0),
            Hushed(at("#" * 30)),
            FalseAlarm(at("#" * 30)),
        ],
    ),
    ("words with short breaks", "##### ... ~~### ... ##### ", [Suspected(0.0), Confirmed(0.0)]),
    (
        "a pause, and more",
        "##### ........ #####" + "." * 16,
        [
            Suspected(0.0),
            Hushed(at("#####")),
            Confirmed(0.0),
            Hushed(at("##### ........ #####")),
            FalseAlarm(at("##### ........ #####")),
        ],
    ),
    (
        "twice",
        "#####" + "." * 20 + "#####" + "." * 20,
        [
            Suspected(0.0),
            Hushed(at("#####")),
            FalseAlarm(at("#####")),
            Suspected(at("#####" + "." * 20)),
            Hushed(at("#####" + "." * 20 + "#####")),
            FalseAlarm(at("#####" + "." * 20 + "#####")),
        ],
    ),
]


@pytest.mark.parametrize(("pattern", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_said_of_a_sound(pattern: str, wanted: list[BargeInEvent]) -> None:
    assert events(pattern) == wanted


@pytest.mark.parametrize("frame", [0.01, 0.032, 0.08])
def test_the_length_of_frames_does_not_matter(frame: float) -> None:
    said = events("#" * round(0.8 / frame) + "." * round(2 / frame), frame)
    assert [type(event) for event in said] == [Suspected, Confirmed, Hushed, FalseAlarm]


@pytest.mark.parametrize(("since", "speech"), [(-1.5, 0.5), (-1.0, 1.0), (5.0, 1.0)])
def test_while_the_echo_is_being_learnt_speech_takes_longer(since: float, speech: float) -> None:
    said = events("#" * round((speech + 0.4) / FRAME), since=since)
    assert [type(event) for event in said] == [Suspected, Confirmed]
    assert len(events("#" * round((speech - 0.1) / FRAME), since=since)) == 1


def test_before_the_reply_is_heard_there_is_doubt_too() -> None:
    barge_in = BargeIn(0.5)
    said = [event for n in range(24) for event in barge_in.push(SpeechProbability(1.0, n * 0.04, n * 0.04 + 0.04))]
    assert [type(event) for event in said] == [Suspected]


STORY = "Once upon a time there was a small harbour by the sea. An old fisherman lived there with his dog, Rex."


@pytest.mark.parametrize(
    "text",
    [
        "Once upon a time there was a small harbor",
        "there was a small harbour by the sea",
        "time there was a small harder by the sea an old fish",
        "An old fisherman",
        "with his dogs",
        "harbour",
        "lift there with his dog",
    ],
)
def test_an_echo_of_the_reply_is_known_although_it_is_misheard(text: str) -> None:
    assert is_own_words(text, STORY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "what is the capital of Italy",
        "stop",
        "what was the name of the dog",
        "tell me another one",
        "once upon a time there was a small wait what time is it",
        "the harbour is not small please go on",
        "no",
        "turn on the light",
    ],
)
def test_what_a_person_says_is_no_echo(text: str) -> None:
    assert not is_own_words(text, STORY)


def test_nothing_was_said_yet() -> None:
    assert not is_own_words("hello", "")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("Die Hauptstadt von Italien ist Rom. Sie liegt am Tiber.", "Hauptstadt von Italien ist Rum"),
        ("La capitale de l'Italie est Rome, sur le Tibre.", "la capitale de l'Italie"),
        ("La capital de Italia es Roma, a orillas del Tíber.", "Italia es Roma a orillas"),
        ("La capitale d'Italia è Roma, sul Tevere.", "Italia e Roma sul te vere"),
        ("De hoofdstad van Italië is Rome, aan de Tiber.", "hoofdstad van Italie is Rome"),
    ],
)
def test_in_every_language(said: str, text: str) -> None:
    assert is_own_words(text, said)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Stop.", Meaning.STOP),
        ("Never mind.", Meaning.STOP),
        ("Mhm.", Meaning.NOTHING),
        ("", Meaning.NOTHING),
        ("a small harbour by the sea", Meaning.NOTHING),
        ("Okay, but what is his name?", Meaning.SPEECH),
        ("What time is it?", Meaning.SPEECH),
    ],
)
def test_what_words_amount_to(text: str, wanted: Meaning) -> None:
    assert meaning(text, "en", STORY) is wanted


def test_a_stop_word_wins_although_the_assistant_just_said_it() -> None:
    assert meaning("stop", "en", "The bus stop is round the corner.") is Meaning.STOP
    assert meaning("Halt!", "de", "Halt ist ein kurzes Wort.") is Meaning.STOP
