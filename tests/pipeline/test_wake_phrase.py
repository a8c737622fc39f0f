"""The wake phrase is cut however a recogniser writes it, and nothing else is."""

import pytest

from assistant.pipeline.wake_phrase import cut_wake_phrase, plain

JARVIS = {
    "Hey Jarvis, what time is it?": "what time is it?",
    "Hey, Jarvis. What time is it?": "What time is it?",
    "Hey Travis, what time is it?": "what time is it?",
    "Hey Charvis what time is it?": "what time is it?",
    "Hey Jervis, turn on the light.": "turn on the light.",
    "Hey Garvis, play jazz.": "play jazz.",
    "Hey, Javis, stop.": "stop.",
    "Hey Java's what time is it?": "what time is it?",
    "Hey, service, stop.": "stop.",
    "A. Jarvis. What is the capital of Italy?": "What is the capital of Italy?",
    "Hey-Jarvis, go": "go",
    "HeyJarvis go": "go",
    "Jarvis, what's up?": "what's up?",
    "Hé Jarvis, quelle heure est-il ?": "quelle heure est-il ?",
    "HEY JARVIS - WHAT TIME IS IT": "WHAT TIME IS IT",
    "Hey Jarvis... what?": "what?",
    "and then he said hey Jarvis, what's the time?": "what's the time?",
    "Hey Jarvis, say hey Jarvis": "say hey Jarvis",
    "Hey Jarvis!": "",
    "Jarvis": "",
}
ALEXA = {
    "Alexa, what time is it?": "what time is it?",
    "Alexa what time is it": "what time is it",
    "A lexa, what time is it?": "what time is it?",
    "Alexis, what time?": "what time?",
    "Alexa's what time is it?": "what time is it?",
    "Hey Alexa, stop": "stop",
    "Oh Alexa, what": "what",
    "Lexa, what's the time?": "what's the time?",
    "Alessa, stop": "stop",
    "Alexa.": "",
}
OTHERS = [
    "What time is it?",
    "Turn on the light.",
    "Hey what time is it?",
    "Hey, is it raining?",
    "Hey there",
    "Is the heater on?",
    "Play some jazz",
    "I like cheese",
    "A less expensive one",
    "A large pizza",
    "A lesson in maths",
    "All lights off",
    "All alarms off",
    "Set an alarm for six",
    "Let's talk",
    "Relax",
    "Harvest the corn",
    "He arrived",
    "Have a nice day",
    "Alert me at six",
    "Elaborate please",
    "Alaska is cold",
    "What about Texas?",
    "Select all",
    "Are there eggs",
    "",
    "...",
]


@pytest.mark.parametrize("transcript", JARVIS)
def test_hey_jarvis_is_cut(transcript: str) -> None:
    assert cut_wake_phrase(transcript, "hey_jarvis") == JARVIS[transcript]


@pytest.mark.parametrize("transcript", ALEXA)
def test_alexa_is_cut(transcript: str) -> None:
    assert cut_wake_phrase(transcript, "alexa") == ALEXA[transcript]


@pytest.mark.parametrize("word", ["hey_jarvis", "alexa", "hey_mycroft", "hey_rhasspy"])
@pytest.mark.parametrize("transcript", OTHERS)
def test_what_sounds_like_nothing_of_it_is_no_wake_phrase(transcript: str, word: str) -> None:
    assert cut_wake_phrase(transcript, word) is None


def test_a_name_far_into_the_sentence_is_part_of_it() -> None:
    assert cut_wake_phrase("what is the name of the butler called Jarvis", "hey_jarvis") is None


def test_of_several_likenesses_the_closest_is_cut() -> None:
    assert cut_wake_phrase("Hey, hey Jarvis, harvest", "hey_jarvis") == "harvest"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hey, Jarvis!", "hey jarvis"),
        ("  Don't   STOP ", "don't stop"),
        ("", ""),
        ("?!", ""),
        ("Ça suffit.", "ça suffit"),
    ],
)
def test_plain(text: str, wanted: str) -> None:
    assert plain(text) == wanted
