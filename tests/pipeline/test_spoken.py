"""A text is read aloud as a person would read it."""

import pytest

from assistant.pipeline.spoken import language_of, spoken_form


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# A title", "A title."),
        ("### A title\nSome text", "A title. Some text"),
        ("- milk\n- eggs\n- bread", "milk, eggs, bread."),
        ("You need:\n* Milk\n* Eggs.\n\nThat is all", "You need: Milk. Eggs. That is all"),
        ("- [x] done\n- [ ] open", "done, open."),
        ("1. First this\n2) Then that", "1. First this. 2. Then that."),
        ("> quoted\n> words", "quoted words"),
        ("**bold** __bold__ *it* _it_ ~~gone~~ ***both***", "bold bold it it gone both"),
        ("`code` and snake_case", "code and snake case"),
        ("```\ncode\n```", ""),
        ("before ```code", "before"),
        ("[the docs](https://example.org/x) and ![a cat](cat.png)", "the docs and a cat"),
        ("https://www.example.org/a?b=c", "example.org"),
        ("<https://example.org/a>, or http://example.org.", "example.org, or example.org."),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |\n\nThat is it", "a, b. 1, 2. That is it"),
        ("One\n---\nTwo", "One. Two"),
        ("a<br>b <b>c</b>", "a b c"),
        ("3️⃣ times ⏰, ⭐⭐", "3 times,"),
        ("👩‍👩‍👧 family 🇩🇪", "family"),
        ("Settings → Network -> Wi-Fi", "Settings, Network, Wi-Fi"),
        ("Look (see below). He (the boss) came", "Look, see below. He, the boss, came"),
        ("What?!?! No!!!", "What? No!"),
        ('well-known, don\'t, "hi"', 'well-known, don\'t, "hi"'),
        ("two\nlines of prose", "two lines of prose"),
        ("?!", ""),
        ("😀", ""),
    ],
)
def test_marks_for_the_eye_are_left_out_in_any_language(text: str, wanted: str) -> None:
    assert spoken_form(text, "xx") == wanted


CASES = {
    "en": [
        (
            "It is 20°C, at night -3 °C or 26° F.",
            "It is 20 degrees Celsius, at night minus 3 degrees Celsius or 26 degrees Fahrenheit.",
        ),
        (
            "5 km/h, 1 kg, 10kg, 5GB, 2.5 l, 5 m²",
            "5 kilometers per hour, one kilogram, 10 kilograms, 5 gigabytes, 2.5 liters, 5 square meters",
        ),
        (
            "$5, €3.20, £0.50, $1, $1.00, $1,234.50",
            "5 dollars, 3 euros 20, 50 pence, one dollar, one dollar, 1,234 dollars 50",
        ),
        ("$1.5 million, $20k, 5 €, 10 USD", "1.5 million dollars, 20 thousand dollars, 5 euros, 10 dollars"),
        ("50% or 50 %", "50% or 50 %"),
        ("at 7:30, 7:00, 19:00, 10:05, 7:00 p.m., 7pm", "at 7 30, 7 o'clock, 19 hundred, 10 oh 5, 7 p.m., 7 p.m."),
        ("on 2026-11-21, 4/5/2026, Nov. 21", "on November 21, 2026, April 5, 2026, November 21"),
        (
            "3-5 days, 3–5 km, 2019-2023, 20–25°C",
            "3 to 5 days, 3 to 5 kilometers, 2019 to 2023, 20 to 25 degrees Celsius",
        ),
        ("7:00-8:30, $5-$10, 900–1,000 people", "7 o'clock to 8 30, 5 dollars to 10 dollars, 900 to 1,000 people"),
        ("It ended 3-1, covid-19, a 3-year-old", "It ended 3 1, covid-19, a 3-year-old"),
        (
            "2 + 2 = 4, 3*4, 6 / 2, 5 - 3, 1 < 2, ~5, x²",
            "2 plus 2 equals 4, 3 times 4, 6 divided by 2, 5 minus 3, 1 is less than 2, about 5, x squared",
        ),
        ("salt & pepper, and/or, 24/7, 1/2 cup, 3/4", "salt & pepper, and or, 24 7, one half cup, three quarters"),
        ("Dr. Smith, e.g. in St. Ives, etc. The end.", "Doctor Smith, for example in Saint Ives, et cetera. The end."),
        ("No. 5 is here. No. I won't.", "number 5 is here. No. I won't."),
        (
            "J. R. R. Tolkien and John F. Kennedy. So do I. Then he left.",
            "J R R Tolkien and John F Kennedy. So do I. Then he left.",
        ),
        (
            "in 1937, 1905, 1900, 2026, the 1990s, the '80s",
            "in 19 37, 19 oh 5, 19 hundred, 2026, the 19 nineties, the eighties",
        ),
        (
            "Call 555-1234, +49 171 123456 or (555) 123-4567.",
            "Call 5 5 5 1 2 3 4, +4 9 1 7 1 1 2 3 4 5 6 or 5 5 5 1 2 3 4 5 6 7.",
        ),
        ("1,000 and 3.5 and v1.2.3 and 192.168.1.1", "1,000 and 3.5 and v1.2.3 and 192.168.1.1"),
        ("a 30 s timer, his 30s", "a 30 seconds timer, his thirties"),
        ("I like rice etc.", "I like rice et cetera."),
    ],
    "de": [
        (
            "20°C, -3 °C, 5 km/h, 1 kg, 1 kWh",
            "20 Grad Celsius, minus 3 Grad Celsius, 5 Kilometer pro Stunde, ein Kilogramm, eine Kilowattstunde",
        ),
        ("5 €, 3,20 €, 0,50 €, 1.000 €, 2,5 Mio. Euro", "5 Euro, 3 Euro 20, 50 Cent, 1.000 Euro, 2,5 Millionen Euro"),
        ("7:30 Uhr, 19:00, 14.30 Uhr, 1 Uhr", "7 Uhr 30, 19 Uhr, 14 Uhr 30, ein Uhr"),
        (
            "am 2026-11-21, am 12.05.2026, am 12.5. ist frei",
            "am einundzwanzigsten November 2026, am zwölften Mai 2026, am zwölften Mai ist frei",
        ),
        (
            "am 3. Oktober, der 3. Mann, 1. Januar, vom 3. bis 5. Mai",
            "am dritten Oktober, der dritte Mann, erster Januar, vom dritten bis fünften Mai",
        ),
        ("3-5 Tage, 1990, 1905", "3 bis 5 Tage, 19 hundert 90, 19 hundert 5"),
        (
            "z.B. so, z. B. Dr. Müller, Nr. 5, usw. Dann",
            "zum Beispiel so, zum Beispiel Doktor Müller, Nummer 5, und so weiter. Dann",
        ),
        ("auf example.org", "auf example Punkt org"),
        ("21,5 °C, 1 h 5 min, 12.3.2026", "21,5 Grad Celsius, eine Stunde 5 Minuten, zwölfter März 2026"),
        ("6,21 mi, 2 lb, 7 × 8 = 56", "6,21 Meilen, 2 Pfund, 7 mal 8 gleich 56"),
    ],
    "fr": [
        ("20°C, -3 °C, 5 km/h, 1 kg", "20 degrés, moins 3 degrés, 5 kilomètres par heure, un kilo"),
        ("5 €, 3,20 €, 1 €", "5 euros, 3 euros 20, un euro"),
        ("à 7:30, 19:00, 14h30, 14 h 30, 1 h", "à 7 heures 30, 19 heures, 14 heures 30, 14 heures 30, une heure"),
        ("le 2026-11-01, le 21/11/2026, le 1 mai", "le 1er novembre 2026, le 21 novembre 2026, le 1er mai"),
        ("M. Dupont, p. ex. ça, n° 5, av. J.-C.", "Monsieur Dupont, par exemple ça, numéro 5, avant Jésus-Christ."),
        ("le 2e étage, 3-5 jours, 5 Go", "le 2ème étage, 3 à 5 jours, 5 gigaoctets"),
        ("à 21:00: le dentiste", "à 21 heures: le dentiste"),
        ("21,5 °C, 1 h 5 min, 15:30, 2 lb", "21,5 degrés, une heure 5 minutes, 15 heures 30, 2 livres"),
    ],
    "es": [
        ("20°C, -3 °C, 5 km/h, 1 kg", "20 grados, menos 3 grados, 5 kilómetros por hora, un kilo"),
        ("5 €, 3,20 €, 2 millones €", "5 euros, 3 euros con 20, 2 millones de euros"),
        ("a las 7:30, a las 19:00, a la 1:30", "a las 7 y 30, a las 19, a la una y 30"),
        ("el 2026-11-21", "el 21 de noviembre de 2026"),
        ("21,5 °C, 1 h 5 min, 2 lb, 7 × 8 = 56", "21,5 grados, una hora 5 minutos, 2 libras, 7 por 8 igual a 56"),
        ("Sr. López, p. ej. eso, EE. UU. y n.º 5", "señor López, por ejemplo eso, Estados Unidos y número 5"),
        ("1er piso, 2.ª planta, a & b, 2 × 3", "primer piso, 2ª planta, a y b, 2 por 3"),
    ],
    "it": [
        ("20°C, -3 °C, 5 km/h, 1 kg", "20 gradi, meno 3 gradi, 5 chilometri all'ora, un chilo"),
        ("5 €, 3,20 €, 2 milioni €", "5 euro, 3 euro e 20, 2 milioni di euro"),
        ("alle 7:30, alle 19:00", "alle 7 e 30, alle 19"),
        ("il 2026-11-01, il 21/11/2026", "il 1º novembre 2026, il 21 novembre 2026"),
        (
            "Sig. Rossi, dott.ssa Bianchi, ad es. n. 5, ecc. Poi",
            "signor Rossi, dottoressa Bianchi, ad esempio numero 5, eccetera. Poi",
        ),
        ("2° piano, a & b", "2º piano, a e b"),
    ],
    "nl": [
        ("20°C, -3 °C, 5 km/u, 1 kg", "20 graden, min 3 graden, 5 kilometer per uur, één kilo"),
        ("€ 5, € 3,20, € 1", "5 euro, 3 euro 20, één euro"),
        ("om 7:30, 19:00, 19.30 uur", "om 7 uur 30, 19 uur, 19 uur 30"),
        ("op 2026-11-01, 21-11-2026", "op 1 november 2026, 21 november 2026"),
        ("dhr. Jansen, bijv. nr. 5, enz. Dan", "de heer Jansen, bijvoorbeeld nummer 5, enzovoort. Dan"),
        ("1e, 3de, 20ste, 3.5 graden, t/m 5", "eerste, derde, twintigste, 3,5 graden, tot en met 5"),
    ],
}


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [(language, *case) for language, cases in CASES.items() for case in cases],
    ids=[f"{language} {text[:24]}" for language, cases in CASES.items() for text, _ in cases],
)
def test_signs_and_short_forms_are_written_out(language: str, text: str, wanted: str) -> None:
    assert spoken_form(text, language) == wanted
    assert spoken_form(text, f"{language}-XX") == wanted or "4/5/2026" in text
    assert spoken_form(wanted, language) == wanted, "what is written out stays as it is"


def test_a_day_comes_first_outside_the_united_states() -> None:
    assert spoken_form("4/5/2026", "en-US") == "April 5, 2026"
    assert spoken_form("4/5/2026", "en-GB") == "May 4, 2026"


@pytest.mark.parametrize("tag", ["", "auto", "xx", "pt-BR", "zh"])
def test_a_language_without_a_table_keeps_its_signs(tag: str) -> None:
    assert spoken_form("**20 °C**, 3-5 km, Dr. X", tag) == "20 °C, 3-5 km, Dr. X"


@pytest.mark.parametrize("tag", ["de-AT", "en_US", "es", "fr-CA", "it", "NL"])
def test_each_table_is_whole(tag: str) -> None:
    language = language_of(tag)
    assert len(language.months.split()) == 12
    assert {"°C", "°F", "km/h", "kg", "min", "GB"} <= language.units.keys()
    assert {"-", "to", "=", "×", "÷", "~", "²", "#"} <= language.signs.keys()
    assert {"€", "$", "£"} <= language.currencies.keys()
    assert {"1/2", "3/4"} <= language.fractions.keys()
    assert all(set(short) & set(".°º") for short in (*language.abbreviations, *language.before_numbers))
