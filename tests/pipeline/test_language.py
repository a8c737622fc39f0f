"""What the assistant itself says and understands, by language."""

import pytest

from assistant.pipeline import language
from assistant.pipeline.language import apology, is_back_channel, is_silence, is_stop, system_prompt
from assistant.pipeline.wake_phrase import plain


@pytest.mark.parametrize(
    ("text", "tag", "wanted"),
    [
        ("Stop", "en", True),
        ("Stop.", "en", True),
        ("stop!", "en-GB", True),
        ("STOP IT", "en", True),
        ("Please stop.", "en", True),
        ("Stop, please.", "en", True),
        ("Never mind.", "en", True),
        ("Be quiet!", "EN", True),
        ("Oh, stop.", "en", True),
        ("Okay, okay, please stop!", "en", True),
        ("No, stop it.", "en", True),
        ("Ja, ist egal.", "de", False),
        ("Ach so, halt!", "de", True),
        ("Okay, stop the music", "en", False),
        ("Stop the music", "en", False),
        ("Don't stop", "en", False),
        ("What is a stop?", "en", False),
        ("", "en", False),
        ("please", "en", False),
        ("Stopp!", "de", True),
        ("Sei still.", "de-AT", True),
        ("Ça suffit !", "fr", True),
        ("¡Cállate!", "es", True),
        ("Fermati.", "it", True),
        ("Hou op.", "nl", True),
        ("Stop", "ja", True),
        ("Bitte stopp!", "de", True),
        ("Hör auf, bitte.", "de", True),
        ("Das reicht.", "de", True),
        ("Hör auf zu reden!", "de", True),
        ("That's enough.", "en", True),
        ("Arrête de parler.", "fr", True),
        ("Deja de hablar.", "es", True),
        ("Arrête-toi, s’il te plaît.", "fr", True),
        ("Stop, s'il vous plaît !", "fr", True),
        ("Para, por favor.", "es", True),
        ("Ya basta.", "es", True),
        ("Stop, please.", "fr", True),
        ("Para", "en", False),
        ("Hör auf das Radio zu spielen", "de", False),
        ("Ruhe", "en", False),
    ],
)
def test_stop_is_understood_where_it_is_all_that_is_said(text: str, tag: str, wanted: bool) -> None:
    assert is_stop(text, tag) is wanted


@pytest.mark.parametrize("speak", [apology, system_prompt])
def test_sentences_follow_the_language_and_english_stands_for_the_others(speak: object) -> None:
    assert callable(speak)
    assert speak("de-CH") == speak("DE") != speak("en")
    assert speak("ja") == speak("en") == speak("")


def test_whoever_takes_any_language_answers_in_that_of_the_question() -> None:
    assert "language of the question" in system_prompt("auto")


def test_every_language_has_every_sentence() -> None:
    assert set(language._APOLOGIES) == set(language._STOPS) == set(language._PROMPTS)
    for tag, stops in language._STOPS.items():
        assert stops == {plain(stop) for stop in stops}, f"{tag}: not as it is compared"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *(("", "en"), (" ... ", "en"), ("Mhm.", "en"), ("Mm-hmm.", "en"), ("Mmm, mmm.", "en"), ("Uh-huh.", "en")),
        *(("Hmm...", "en"), ("Okay.", "en"), ("OK, OK!", "en"), ("Yeah, yeah, I see.", "en"), ("Oh wow, nice.", "en")),
        *(("Aha", "en"), ("Ah.", "en"), ("All right, got it.", "en"), ("Thank you.", "en-GB"), ("Ooh", "en")),
        *(("Ja, genau.", "de"), ("Jaja", "de"), ("Ach so, okay.", "de-AT"), ("Alles klar!", "de"), ("Hm.", "de")),
        *(("Oui, oui.", "fr"), ("D'accord.", "fr"), ("Ah bon ?", "fr"), ("C'est ça.", "fr")),
        *(("Sí, claro.", "es"), ("Vale, vale.", "es"), ("Sì, va bene.", "it"), ("Ho capito.", "it")),
        *(("Ja, precies.", "nl"), ("Oké.", "nl"), ("Mhm", "ja"), ("Okay", "ja")),
    ],
)
def test_who_only_listens_is_told_from_who_wants_to_speak(text: str, tag: str) -> None:
    assert is_back_channel(text, tag)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *(("Stop.", "en"), ("Yes, but what about Rome?", "en"), ("Okay, turn on the light.", "en"), ("No.", "en")),
        *(("What?", "en"), ("Wait.", "en"), ("Really good question", "en"), ("Yesterday", "en"), ("Genau", "en")),
        *(("Ja, aber wann?", "de"), ("Nein, nicht so.", "de"), ("Oui mais non", "fr"), ("Halt", "de"), ("Basta", "it")),
    ],
)
def test_other_words_are_no_murmur(text: str, tag: str) -> None:
    assert not is_back_channel(text, tag)


@pytest.mark.parametrize(
    ("text", "tag", "wanted"),
    [
        *(
            (text, "en", True)
            for text in ("Stop!", "Turn off the alarm.", "Okay, stop the timer, please.", "I'm awake")
        ),
        *((text, "en", False) for text in ("Turn off the light", "Set an alarm", "What a noise", "Is the alarm off?")),
        *((text, "de", True) for text in ("Stopp", "Wecker aus!", "Mach den Wecker aus", "Stell den Timer ab, bitte")),
        *((text, "de", False) for text in ("Mach das Licht aus", "Stell den Wecker auf acht")),
        *((text, "fr", True) for text in ("Arrête le réveil", "Coupe l'alarme, s'il te plaît", "Je suis réveillée")),
        *((text, "fr", False) for text in ("Arrête la musique", "Règle le réveil")),
        *((text, "es", True) for text in ("Para", "Apaga la alarma", "Ya estoy despierto")),
        *((text, "es", False) for text in ("Apaga la luz", "Pon una alarma")),
        ("Stop", "pl", True),
        ("Turn off the alarm", "pl", False),
    ],
)
def test_words_that_end_a_ring(text: str, tag: str, wanted: bool) -> None:
    assert is_silence(text, tag) is wanted
