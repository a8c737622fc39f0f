"""Why, and "no, I meant": with the real intent engine and the skills, in four languages."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.skills.household import GAVE_UP, Household, household


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Household, None]:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    async with household(tmp_path) as house:
        yield house


async def rung(house: Household) -> str:
    return (await house.assembly.state.receipts.latest(1))[0].rung


@pytest.mark.parametrize(
    ("language", "first", "correction", "taken_back", "minutes"),
    [
        ("en", "set a timer for fifteen minutes", "No, I said five minutes.", "The timer is cancelled.", 5),
        (
            "de",
            "stelle einen Timer auf fünfzehn Minuten",
            "Nein, ich meinte fünf Minuten",
            "Der Timer ist gelöscht.",
            5,
        ),
        ("fr", "mets un minuteur de quinze minutes", "Non, j'ai dit cinq minutes.", "Le minuteur est annulé.", 5),
        (
            "es",
            "pon un temporizador de quince minutos",
            "No, he dicho cinco minutos",
            "cancelado",
            5,
        ),
    ],
)
async def test_a_number_is_corrected_and_what_was_done_is_taken_back(
    house: Household, language: str, first: str, correction: str, taken_back: str, minutes: int
) -> None:
    await house.ask(first, language)
    answer = await house.ask(correction, language)
    assert taken_back in answer and str(minutes) in answer
    assert [timer.seconds for timer in house.assembly.timers.all()] == [minutes * 60]
    assert await rung(house) == "correction"


@pytest.mark.parametrize(
    ("language", "first", "correction", "asks", "there"),
    [
        ("en", "add milk to my shopping list", "no, I meant bread", "what is on my shopping list", "bread"),
        ("de", "setze Milch auf die Einkaufsliste", "nein, ich sagte Brot", "was steht auf der Einkaufsliste", "brot"),
        (
            "fr",
            "ajoute du lait à la liste de courses",
            "non je voulais dire du pain",
            "qu'y a-t-il sur la liste de courses",
            "pain",
        ),
        (
            "es",
            "añade leche a la lista de la compra",
            "no, quería decir pan",
            "qué hay en la lista de la compra",
            "pan",
        ),
    ],
)
async def test_a_word_is_corrected(
    house: Household, language: str, first: str, correction: str, asks: str, there: str
) -> None:
    await house.ask(first, language)
    await house.ask(correction, language)
    answer = (await house.ask(asks, language)).lower()
    assert there in answer and not {"milk", "milch", "lait", "leche"} & set(answer.replace(".", "").split())


async def test_what_was_corrected_can_be_corrected_again(house: Household) -> None:
    for said in ("set a timer for fifteen minutes", "no, I said five minutes", "no I meant six minutes"):
        await house.ask(said)
    assert [timer.seconds for timer in house.assembly.timers.all()] == [360]


async def test_a_whole_sentence_after_a_no_is_a_new_command(house: Household) -> None:
    await house.ask("set a timer for fifteen minutes")
    await house.ask("No, add milk to my shopping list")
    assert [timer.seconds for timer in house.assembly.timers.all()] == [900]
    assert await house.ask("what is on my shopping list") == "On your shopping list: milk."


@pytest.mark.parametrize("said", ["no, I meant the moon", "I said nothing of the kind", "no", "no way", "I mean it"])
async def test_what_corrects_nothing_is_left_to_the_chat_model(house: Household, said: str) -> None:
    await house.ask("set a timer for fifteen minutes")
    assert await house.ask(said) == GAVE_UP
    assert [timer.seconds for timer in house.assembly.timers.all()] == [900]


@pytest.mark.parametrize(
    ("language", "said", "answer"),
    [
        ("en", "No, I meant seven thirty", "I do not know what to correct: there was nothing before that here."),
        ("de", "Nein, ich meinte halb acht", "Ich weiß nicht, was ich berichtigen soll: Davor war hier nichts."),
        ("fr", "Non, je voulais dire huit heures", "Je ne sais pas quoi corriger : il n'y avait rien avant cela ici."),
        ("es", "No, quería decir las ocho", "No sé qué corregir: antes de eso no había nada aquí."),
        ("en", "I meant to ask you something", GAVE_UP),
        ("de", "Ich wollte dich etwas fragen", GAVE_UP),
    ],
)
async def test_a_correction_without_anything_before_it_does_nothing(
    house: Household, language: str, said: str, answer: str
) -> None:
    assert await house.ask(said, language) == answer
    assert not house.assembly.timers.all()


@pytest.mark.parametrize(
    ("language", "first", "correction", "clock"),
    [
        ("en", "Set an alarm for seven", "No, I meant seven thirty", "7:30 am"),
        ("de", "Stell einen Wecker auf sieben Uhr", "Nein, ich meinte halb acht", "07:30 Uhr"),
        ("fr", "Mets une alarme à sept heures", "Non, je voulais dire sept heures et demie", "07:30"),
        ("es", "Pon una alarma a las siete", "No, quería decir las siete y media", "7:30"),
    ],
)
async def test_a_time_of_day_is_corrected(
    house: Household, language: str, first: str, correction: str, clock: str
) -> None:
    await house.ask(first, language)
    assert clock in await house.ask(correction, language)
    assert len(house.assembly.timers.all()) == 1


@pytest.mark.parametrize(
    ("language", "clock", "why", "parts"),
    [
        ("en", "What time is it?", "Why did you say that?", ("What time is it?", "clock")),
        ("en", "What time is it?", "How do you know that?", ("What time is it?", "clock")),
        ("de", "Wie spät ist es?", "Warum hast du das gesagt?", ("Wie spät ist es?", "clock")),
        ("de", "Wie spät ist es?", "Woher weißt du das?", ("Wie spät ist es?", "clock")),
        ("fr", "Quelle heure est-il ?", "Pourquoi as-tu dit ça ?", ("Quelle heure est-il ?", "clock")),
        ("fr", "Quelle heure est-il ?", "Comment le sais-tu ?", ("Quelle heure est-il ?", "clock")),
        ("es", "¿Qué hora es?", "¿Por qué has dicho eso?", ("¿Qué hora es?", "clock")),
        ("es", "¿Qué hora es?", "¿Cómo lo sabes?", ("¿Qué hora es?", "clock")),
        ("en", "who wrote Faust", "how do you know that", ("who wrote Faust", "language model chat")),
        ("de", "wer schrieb Faust", "woher weißt du das", ("wer schrieb Faust", "Sprachmodell chat")),
        ("fr", "qui a écrit Faust", "comment le sais-tu", ("qui a écrit Faust", "modèle de langage chat")),
        ("es", "quién escribió Fausto", "cómo lo sabes", ("quién escribió Fausto", "modelo de lenguaje chat")),
        ("en", "What time is it?", "Why?", ("What time is it?", "clock")),
        ("de", "Wie spät ist es?", "Warum?", ("Wie spät ist es?", "clock")),
        ("fr", "Quelle heure est-il ?", "Pourquoi ?", ("Quelle heure est-il ?", "clock")),
        ("es", "¿Qué hora es?", "¿Por qué?", ("¿Qué hora es?", "clock")),
        ("en", "volume 30 percent", "why?", ("volume 30 percent", "fixed commands")),
        ("en", "No, I meant seven thirty", "why?", ("Nothing that I know fitted",)),
        ("en", "who wrote Faust", "why?", (GAVE_UP,)),
    ],
)
async def test_why_names_who_answered(
    house: Household, language: str, clock: str, why: str, parts: tuple[str, ...]
) -> None:
    await house.ask(clock, language)
    answer = await house.ask(why, language)
    assert all(part in answer for part in parts), answer


async def test_a_correction_and_a_choice_are_named_too(house: Household) -> None:
    await house.ask("set a timer for fifteen minutes")
    await house.ask("no, I said five minutes")
    assert (await house.ask("why?")).startswith("You corrected what you had said before")
    await house.ask("add apples to my fruit list")
    await house.ask("clear my fruit list")
    await house.ask("yes")
    assert (await house.ask("why?")).startswith("I asked back, and you chose.")


async def test_why_is_of_this_conversation_only_and_is_forgotten_with_it(house: Household) -> None:
    nothing = "I do not remember that I said or did anything here lately."
    assert await house.ask("Why did you say that?") == nothing
    await house.ask("What time is it?")
    assert await house.ask("Why did you say that?", conversation="other") == nothing
    await house.assembly.forget(0.0)
    assert await house.ask("Why did you say that?") == nothing
