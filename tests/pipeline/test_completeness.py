"""Completeness: what people say when they have finished, and where they stop to think."""

import math
import re

import pytest

from assistant.pipeline.completeness import combine, completeness

COMPLETE = {
    "en": """
        How many legs does a spider have?|What should I do?|How long will it be?|Which one can I have?
        What time is it?|what time is it|Stop.|Set a timer for five minutes.|Set a timer for 5 minutes|Turn it on.
        Turn on the kitchen light.|Turn the kitchen light on.|Is the garage door open?|Are the lights off?
        Never mind.|What is the capital of Italy?|What's the weather?|What's the weather like?
        Turn on the light, please.|Cancel all timers.|Skip.|Pause the timer.|Yes.|Thank you.|Tell me a joke.
        Set the volume to 40%|Set an alarm for half past six.|What is two plus two?|Remind me on Monday at 9
        Add milk to the shopping list.|How are you?|Play some music.|What's the date?|Resume
        Who won the world cup in 1998?|Could you please repeat that?|Go back.|Remind me to call my mother tomorrow.
        Turn off all of the lights in the office.|I don't know what time it is.
    """,
    "de": """
        Wie spät ist es?|Stopp.|Stell einen Timer auf fünf Minuten.|Mach das Licht in der Küche an.
        Schalte den Fernseher aus.|Was ist die Hauptstadt von Italien?|Wie wird das Wetter morgen?|Licht aus.
        Ist das Garagentor offen?|Erinnere mich morgen an den Arzttermin.|Mach das Licht an, bitte.
        Erzähl mir einen Witz.|Ja.|Fahr die Rollläden hoch.|Spiel Musik.|Abbrechen.
    """,
    "fr": """
        Quelle heure est-il ?|Stop.|Mets un minuteur de cinq minutes.|Allume la lumière de la cuisine.
        Éteins la télévision.|Quelle est la capitale de l'Italie ?|Quel temps fait-il ?
        La porte du garage est-elle ouverte ?|Merci.|Rappelle-moi d'appeler ma mère demain.
        Allume la lumière, s'il te plaît.|Raconte-moi une blague.|Oui.|C'est quoi ?|Annule tous les minuteurs.
        Joue de la musique.|Ça va ?
    """,
    "es": """
        ¿Qué hora es?|Para.|Pon un temporizador de cinco minutos.|Enciende la luz de la cocina.|Apaga la televisión.
        ¿Cuál es la capital de Italia?|¿Qué tiempo hace hoy?|¿Está abierta la puerta del garaje?|Gracias.|¿Qué tal?
        Recuérdame llamar a mi madre mañana.|Enciende la luz, por favor.|Cuéntame un chiste.|Sí.
        Cancela todas las alarmas.|Pon música.|Cinco minutos más.
    """,
    "it": """
        Che ore sono?|Basta.|Imposta un timer di cinque minuti.|Accendi la luce della cucina.|Spegni la televisione.
        Qual è la capitale dell'Italia?|Che tempo fa oggi?|La porta del garage è aperta?|Grazie.|Che ora è?
        Ricordami di chiamare mia madre domani.|Accendi la luce, per favore.|Raccontami una barzelletta.|Sì.
        Annulla tutti i timer.|Metti un po' di musica.|Alza il volume un po'.
    """,
    "nl": """
        Hoe laat is het?|Stop.|Zet een timer van vijf minuten.|Doe het licht in de keuken aan.|Zet de televisie uit.
        Wat is de hoofdstad van Italië?|Wat voor weer wordt het morgen?|Is de garagedeur open?|Dank je.
        Herinner me eraan mijn moeder te bellen.|Doe het licht aan, alsjeblieft.|Vertel een grap.|Ja.
        Annuleer alle timers.|Speel muziek.
    """,
}

EITHER = {
    "en": "Who is that?|Where is it from?|What is it for?|Remind me too|Play some music, bye.|Is that?|Who said that?",
    "de": "Was ist das?|Wer war das?|Was kostet das",
    "fr": "C'est pour qui ?",
    "es": "¿Para qué?",
    "it": "Con chi?",
    "nl": "Wat is dat?|We waren vorig jaar twee weken in Italië.",
}
"""Recognisers write "that" for a "the" that breaks off, and "too" for "to"; "das" is an article, too."""

INCOMPLETE = {
    "en": """
        Set a timer for|Set a timer for...|Set a timer for, um|Turn on the|Turn on|Turn on the kitchen light and
        What is the|What is the capital of|Remind me to|Add milk and|Tell me|How many|Can you|Could you please|And
        Um|What's|Who is|Play some music by|Set the volume to|Turn off all of the lights in the|Is the|I want to
        Add —|Put it in my|What's the weather in|Set a timer|Wake me up at|Stop the music after|Because the
        Set an alarm for seven|Turn off the light in|Do you have|What do I have to|I would like to know
        Remind me to call|How many people have|Is it true that|Is it true?|Are you sure that
    """,
    "de": """
        Stell einen Timer auf|Mach das|Mach das Licht in der|Was ist die|Was ist die Hauptstadt von|Erinnere mich an
        Und|Stell einen Timer für ...|Wie wird das Wetter in|Kannst du|Spiel Musik von|Schalte die Lampe im|Äh
        Mach das Licht an und|Stell einen Timer|Stell einen Timer auf fünf|Wer ist|Setz Milch und|Wie viele
    """,
    "fr": """
        Mets un minuteur de|Allume la|Allume la lumière de la|Quelle est la|Quelle est la capitale de
        Rappelle-moi de|Et|Euh|Quel temps fait-il à|Peux-tu|Mets de la musique de|Éteins les|Combien de
        Mets un minuteur|Ajoute du lait et|Est-ce que
    """,
    "es": """
        Pon un temporizador de|Enciende la|Enciende la luz de la|¿Cuál es la|¿Cuál es la capital de|Recuérdame|Y|Eh
        ¿Qué tiempo hace en|¿Puedes|Pon música de|Apaga las|Cuántos|Pon un temporizador|Añade leche y|Para el
    """,
    "it": """
        Imposta un timer di|Accendi la|Accendi la luce della|Qual è la|Qual è la capitale dell'|Ricordami di|E|Ehm
        Che tempo fa a|Puoi|Metti la musica di|Spegni le|Quanti|Imposta un timer|Aggiungi latte e|Che
    """,
    "nl": """
        Zet een timer van|Doe het|Doe het licht in de|Wat is de|Wat is de hoofdstad van|Herinner me aan|En|Eh
        Zet een timer|Wat voor weer wordt het in|Kun je|Speel muziek van|Zet de lamp in|Hoeveel|Voeg melk toe en
        Wie is
    """,
}


def cases(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, text.strip()) for language, texts in table.items() for text in re.split(r"[|\n]", texts.strip())]


@pytest.mark.parametrize(("language", "text"), cases(COMPLETE))
def test_what_is_whole_is_complete(language: str, text: str) -> None:
    assert completeness(text, language) >= 0.8


@pytest.mark.parametrize(("language", "text"), cases(EITHER))
def test_of_what_may_go_on_or_not_nothing_is_known(language: str, text: str) -> None:
    assert completeness(text, language) == 0.5


@pytest.mark.parametrize(("language", "text"), cases(INCOMPLETE))
def test_what_is_left_open_is_incomplete(language: str, text: str) -> None:
    assert completeness(text, language) <= 0.35


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Last summer we spent two weeks at a lake."),
        ("en", "My neighbour says that you can see the wall."),
        ("de", "Wir waren letztes Jahr zwei Wochen in Italien."),
        ("fr", "Nous avons passé deux semaines au bord du lac."),
        ("es", "Mi vecino dice que se puede ver la muralla."),
        ("it", "Noi abbiamo passato due settimane sul grande lago."),
    ],
)
def test_a_story_may_go_on_after_each_clause_and_a_wish_or_a_question_is_none(language: str, text: str) -> None:
    assert completeness(text, language) == 0.5
    assert completeness("I would like to know who invented the telephone.", "en") >= 0.8
    assert completeness("We are late.", "en") >= 0.8
    assert completeness("I wonder, which of the two is right about it?", "en") >= 0.8


def test_a_preface_announces_more() -> None:
    for language, text in {"en": "Wait a moment.", "de": "Moment mal!", "fr": "Attends.", "es": "Un momento"}.items():
        assert completeness(text, language) <= 0.35
    assert completeness("Set a timer for one minute.", "en") >= 0.8


@pytest.mark.parametrize(("language", "text"), cases(COMPLETE))
def test_punctuation_and_case_tell_little(language: str, text: str) -> None:
    assert completeness(text.rstrip(" .?").upper(), language) >= 0.8


def test_a_longer_tag_and_a_curly_apostrophe_are_the_same() -> None:
    assert completeness("Quel est l’", "fr-CA") == completeness("Quel est l'", "fr") < 0.1
    assert completeness("turn on the", "EN-us") < 0.1


def test_words_count_and_not_their_letters() -> None:
    assert completeness("Call Fatima.", "en") > 0.5, "a name that ends as an article does"
    assert completeness("Call Fatim a", "en") < 0.1


def test_nothing_is_known_of_silence_and_of_other_languages() -> None:
    assert completeness("", "en") == completeness(" ... ", "en") == 0.5
    assert completeness("Laita valot", "fi") == completeness("turn on the", "") == 0.5


def test_a_sentence_that_breaks_off_is_incomplete_in_any_language() -> None:
    for text in ("Aseta ajastin...", "Aseta ajastin…", "Aseta ajastin -", "Aseta,"):
        assert completeness(text, "fi") < 0.2


def test_neutral_adds_nothing() -> None:
    assert combine() == combine(0.5, 0.5) == 0.5
    assert combine(0.5, 0.8) == pytest.approx(0.8)


def test_those_that_agree_are_surer_together() -> None:
    assert combine(0.8, 0.8) == pytest.approx(16 / 17)
    assert combine(0.2, 0.2) == pytest.approx(1 / 17)
    assert combine(0.9, 0.1) == pytest.approx(0.5)
    assert combine(0.9, 0.4, 0.7) == pytest.approx(combine(combine(0.7, 0.9), 0.4))


def test_nothing_is_certain() -> None:
    assert combine(0.0) == combine(-math.inf) == pytest.approx(1 - combine(1.0))
    assert 0 < combine(0.0, 0.0, 0.0, 0.0) < combine(0.0) < 0.5
    assert 0.5 < combine(1.0) < combine(1.0, 1.0, 1.0, 1.0) < 1
    assert combine(1.0, 0.0) == pytest.approx(0.5), "one that is sure does not overrule another"
