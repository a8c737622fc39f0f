"""What is answered, in four languages, through the whole ladder: the real intent engine, and no chat model."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from assistant.pipeline.spoken import spoken_form
from assistant.skills.abilities import sentences_to_try
from tests.skills.household import GAVE_UP, LANGUAGES, Household, household

OF_A_HOUSE = {"home", "doors", "house"}
"""Skills whose sentences name things that must be there; they have tests of their own."""
ANSWERS = [
    # time and date
    ("en", "What time is it?", "It is 3:30 pm."),
    ("en-GB", "What time is it?", "It is 15:30."),
    ("de", "Wie spät ist es?", "Es ist 15:30 Uhr."),
    ("fr", "Quelle heure est-il ?", "Il est 15:30."),
    ("es", "¿Qué hora es?", "Son las 15:30."),
    ("en", "What day is it today?", "Today is Saturday, November 21, 2026."),
    ("de", "Welcher Tag ist heute?", "Heute ist Samstag, der 21. November 2026."),
    ("fr", "Quel jour sommes-nous ?", "Nous sommes le samedi 21 novembre 2026."),
    ("es", "¿Qué día es hoy?", "Hoy es sábado 21 de noviembre de 2026."),
    ("en", "What time is it in Tokyo?", "In Tokyo it is 11:30 pm."),
    ("de", "Wie spät ist es in Tokio?", "In Tokio ist es 23:30 Uhr."),
    ("fr", "Quelle heure est-il à Londres ?", "À Londres, il est 14:30."),
    ("de", "Wie spät ist es in der Schweiz?", "In der Schweiz ist es 15:30 Uhr."),
    ("fr", "Quelle heure est-il au Japon ?", "Au Japon, il est 23:30."),
    ("fr", "Quelle heure est-il à Auckland ?", "À Auckland, il est 03:30, et nous sommes dimanche."),
    ("fr", "Il est quelle heure en Narnia ?", "Je ne sais pas quelle heure il est en Narnia."),
    ("es", "¿Qué hora es en los Países Bajos?", "En los Países Bajos son las 15:30."),
    ("es", "¿Qué hora es en Nueva York?", "En Nueva York son las 9:30."),
    ("en", "What time is it in Auckland?", "In Auckland it is 3:30 am, on Sunday."),
    ("en", "What time is it in Narnia?", "I do not know what time it is in Narnia."),
    ("en", "How many days until Christmas?", "34 days: it is on Friday, December 25, 2026."),
    ("de", "Wie viele Tage bis Weihnachten?", "Noch 34 Tage: Freitag, der 25. Dezember 2026."),
    ("fr", "Combien de jours avant Noël ?", "Encore 34 jours : c'est le vendredi 25 décembre 2026."),
    ("es", "¿Cuántos días faltan para Navidad?", "Faltan 34 días: es el viernes 25 de diciembre de 2026."),
    ("es", "¿Cuántos días faltan para el 22 de noviembre?", "Falta un día: es el domingo 22 de noviembre de 2026."),
    ("de", "Wie viele Tage bis zum ersten Dezember?", "Noch 10 Tage: Dienstag, der 1. Dezember 2026."),
    ("en", "How many days until my birthday?", "I do not know when that is."),
    ("en", "What day of the week is the 24th of December?", "It is on Thursday, December 24, 2026."),
    ("en", "What day is the party?", GAVE_UP),
    # arithmetic
    ("en", "What is 12 percent of 80?", "That is 9.6."),
    ("en", "what's 12% of 80", "That is 9.6."),
    ("de", "Was sind 12,5 Prozent von 80?", "Das ist 10."),
    ("fr", "Combien font sept fois huit ?", "Cela fait 56."),
    ("es", "¿Cuál es la raíz cuadrada de 144?", "Son 12."),
    ("es", "¿Cuánto es 1 por 1?", "Es 1."),
    ("en", "7 × 8", "That is 56."),
    ("en", "7-3", "That is 4."),
    ("de", "Was ist 12 % von 80?", "Das ist 9,6."),
    ("fr", "Combien font 12\u202f% de 80 ?", "Cela fait 9,6."),
    ("es", "¿Cuánto es el 12 % de 80?", "Son 9,6."),
    ("en", "What is 10 divided by 3?", "That is about 3.3333."),
    ("en", "What is 5 divided by 0?", "Nothing can be divided by zero."),
    ("de", "Was ist 5 geteilt durch 0?", "Durch null kann man nicht teilen."),
    ("fr", "Combien font 5 divisé par 0 ?", "On ne peut pas diviser par zéro."),
    ("es", "¿Cuánto es 5 entre 0?", "No se puede dividir entre cero."),
    ("en", "What is 9 to the power of 9 to the power of 9?", "That number is too large for me."),
    ("en", "What is the square root of minus 4?", "There is no such number."),
    ("en", "What is the capital of France?", GAVE_UP),
    ("en", "What is a pony times two?", GAVE_UP),
    # units
    ("en", "How many litres are two gallons?", "2 gallons is about 7.571 liters."),
    ("en-GB", "How many litres are two gallons?", "2 gallons is about 9.092 litres."),
    ("en", "What is 20 degrees Celsius in Fahrenheit?", "20 degrees Celsius is 68 degrees Fahrenheit."),
    ("de", "Wie viele Kilometer sind zehn Meilen?", "10 Meilen sind ungefähr 16,09 Kilometer."),
    ("fr", "Convertis 20 degrés Celsius en Fahrenheit", "20 degrés Celsius, cela fait 68 degrés Fahrenheit."),
    ("es", "¿Cuántos kilómetros son diez millas?", "10 millas son aproximadamente 16,09 kilómetros."),
    ("de", "Wie viele Kilometer sind eine Meile?", "Eine Meile sind ungefähr 1,609 Kilometer."),
    ("fr", "Combien de minutes font une heure ?", "Une heure, cela fait 60 minutes."),
    ("es", "¿Cuántos segundos hay en un minuto?", "Un minuto son 60 segundos."),
    ("en", "How many litres are in a mile?", "One cannot be turned into the other."),
    ("en", "How many gallons are pony litres?", GAVE_UP),
    # manners
    ("en", "Thank you", "You are welcome."),
    ("de", "Danke", "Gern geschehen."),
    ("fr", "Merci", "De rien."),
    ("es", "Gracias", "De nada."),
    ("en", "Never mind", "All right."),
    ("de", "Hallo", "Hallo!"),
    ("en", "Who are you?", "I am Inglenook, a private voice assistant that runs on this machine."),
    ("es", "¿Quién eres?", "Soy Inglenook, un asistente de voz privado que funciona en esta máquina."),
    # bad input
    ("en", "what is " + "seven times " * 250 + "two", GAVE_UP),
    ("de", "Was ist " + "blau mal " * 250 + "zwei", GAVE_UP),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Household, None]:
    folder: Path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGLENOOK_HOME", str(folder))
        async with household(folder) as opened:
            yield opened


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(("language", "question", "answer"), ANSWERS)
async def test_it_is_answered_right(house: Household, language: str, question: str, answer: str) -> None:
    assert await house.ask(question, language) == answer


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_sentence_to_try_is_understood_by_its_skill(house: Household, language: str) -> None:
    skills = [skill for skill in house.assembly.equipment.skills if skill.name not in OF_A_HOUSE]
    understood = {
        (skill.name, sentence): await house.intent(sentence, language) in skill.intents
        for skill in skills
        for sentence in skill.examples.get(language, ())
    }
    assert [missed for missed, by_its_skill in understood.items() if not by_its_skill] == []


async def test_every_skill_has_sentences_to_try_in_every_language(house: Household) -> None:
    for skill in house.assembly.equipment.skills:
        assert not skill.examples or skill.examples.keys() == set(LANGUAGES), skill.name
        assert all(skill.examples.values()), skill.name


async def test_lists(house: Household) -> None:
    async def on(list_: str = "shopping") -> tuple[str, ...]:
        return await house.assembly.state.lists.items(list_)

    assert await house.ask("What is on my shopping list?") == "There is nothing on your shopping list."
    assert await house.ask("Which lists do I have?") == "You have no lists."
    said = await house.ask("Add some milk, eggs and bread to the shopping list")
    assert said == "I have put milk, eggs, and bread on your shopping list."
    assert await house.ask("Add Milk to the shopping list") == "That is already on your shopping list."
    assert await on() == ("milk", "eggs", "bread")
    assert await house.ask("Was steht auf der Einkaufsliste?", "de") == "Auf der Einkaufsliste: milk, eggs und bread."
    assert await house.ask("Enlève du bread de la liste de courses", "fr") == "Retiré de la liste de courses : bread."
    assert await house.ask("Añade leche a la lista de la compra", "es") == "He puesto en la lista de la compra: leche."
    assert await house.ask("Remove bananas from the shopping list") == "I cannot find bananas on your shopping list."
    assert await house.ask("Setze das Zelt auf die Packliste", "de") == "Auf die Packliste gesetzt: Zelt."
    assert await house.ask("Füge Socken zur Packliste hinzu", "de") == "Auf die Packliste gesetzt: Socken."
    assert await on("packliste") == ("Zelt", "Socken")
    assert await house.ask("Add call mum to my to-do list") == "I have put call mum on your to-do list."
    assert await on("todo") == ("call mum",)


async def test_a_list_is_cleared_only_after_a_yes_and_comes_back(house: Household) -> None:
    await house.ask("Add apples and pears to my fruit list")
    lists = house.assembly.state.lists
    assert await house.ask("Clear my fruit list") == "Shall I delete everything from your fruit list, 2 things in all?"
    assert await house.ask("No") == "All right, then not."
    assert await lists.items("fruit") == ("apples", "pears")
    await house.ask("Clear my fruit list")
    assert await house.ask("Yes") == "Your fruit list is empty now."
    assert await lists.items("fruit") == ()
    assert await house.ask("Undo that") == "Your fruit list is as it was before."
    assert await lists.items("fruit") == ("apples", "pears")


async def test_a_long_list_is_not_read_to_its_end(house: Household) -> None:
    await house.assembly.state.lists.add("long", [f"thing {n}" for n in range(15)])
    said = await house.ask("What is on my long list?")
    assert "thing 11" in said
    assert "thing 12" not in said
    assert said.endswith("and 3 more.")


async def test_what_is_said_again_is_what_was_heard(house: Household) -> None:
    assert await house.ask("Say that again", conversation="fresh") == "I have not said anything yet."
    await house.ask("Hello", conversation="fresh")
    assert await house.ask("Say that again", conversation="fresh") == "Hello!"
    assert await house.ask("Sag das noch mal", "de", conversation="fresh") == "Ich habe noch nichts gesagt."


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_it_can_do_is_told_a_few_at_a_time_until_the_end(house: Household, language: str) -> None:
    skills = house.assembly.equipment.skills
    every = sentences_to_try(skills, language)
    (question,) = next(skill for skill in skills if skill.name == "abilities").examples[language]
    yes = {"en": "Yes", "de": "Ja", "fr": "Oui", "es": "Sí"}[language]
    said = [await house.ask(question, language, "abilities")]
    while house.assembly.equipment.conversations.asks(f"abilities {language}"):
        said.append(await house.ask(yes, language, "abilities"))
    assert len(said) == -(-len(every) // 3)
    for sentence in every:
        assert any(sentence.replace("\u00a0", " ") in part for part in said), sentence


async def test_the_device_is_set_in_further_words(house: Household) -> None:
    settings = house.assembly.controls.device
    assert await house.ask("Set the volume to 50 percent") == "Volume 50 percent."
    assert await house.ask("Could you speak up?") == "Volume 60 percent."
    assert await house.ask("Stell die Lautstärke etwas leiser", "de") == "Lautstärke 50 Prozent."
    assert await house.ask("Tu peux parler plus fort ?", "fr") == "Volume à 60 pour cent."
    assert await house.ask("¿Puedes hablar más bajo?", "es") == "Volumen al 50 por ciento."
    assert await house.ask("How loud are you?") == "Volume 50 percent."
    assert settings("room").settings.volume == 50
    assert await house.ask("Deja de pitar", "es") == "El tono está desactivado."
    assert not settings("room").settings.chime


async def test_nobody_sets_a_device_from_elsewhere(house: Household) -> None:
    before = house.assembly.controls.device("room").settings.volume
    await house.ask("Could you speak up?", device="browser")
    assert house.assembly.controls.device("room").settings.volume == before


@pytest.mark.parametrize(
    ("language", "question", "read"),
    [
        ("en", "What time is it?", "It is 3 30 p.m."),
        ("de", "Wie spät ist es?", "Es ist 15 Uhr 30."),
        ("fr", "Quelle heure est-il ?", "Il est 15 heures 30."),
        ("es", "¿Qué hora es?", "Son las 15 y 30."),
        ("de", "Welcher Tag ist heute?", "Heute ist Samstag, der einundzwanzigste November 2026."),
        ("de", "Was ist 2 minus 5?", "Das ist minus 3."),
    ],
)
async def test_a_voice_reads_it_right(house: Household, language: str, question: str, read: str) -> None:
    assert spoken_form(await house.ask(question, language), language) == read


async def test_a_coin_and_a_die(house: Household) -> None:
    assert {await house.ask("Flip a coin") for _ in range(40)} == {"Heads.", "Tails."}
    assert {await house.ask("Würfle", "de") for _ in range(80)} == {f"{n}." for n in range(1, 7)}
