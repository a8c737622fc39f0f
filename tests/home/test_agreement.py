"""States agree with the names beside them, as far as names tell."""

import pytest

from assistant.entities import Act, Entity
from assistant.home.outcome import Outcome
from assistant.home.phrases import PHRASES
from assistant.home.words import spoken_state, told


@pytest.mark.parametrize(
    ("language", "names", "state", "said"),
    [
        ("es", ["Lámpara"], "off", "Lámpara está apagada."),
        ("es", ["Ventilador"], "off", "Ventilador está apagado."),
        ("es", ["Luz del salón"], "on", "Luz del salón está encendida."),
        ("es", ["Persianas"], "open", "Persianas están abiertas."),
        ("es", ["Sofá"], "on", "Sofá está encendido."),
        ("es", ["Lámpara", "Ventana"], "open", "Lámpara y Ventana están abiertas."),
        ("es", ["Lámpara", "Televisor"], "on", "Lámpara y Televisor están encendidos."),
        ("es", ["Puerta"], "locked", "Puerta está cerrada con llave."),
        ("fr", ["Porte d'entrée"], "closed", "Porte d'entrée est fermée."),
        ("fr", ["Volets"], "closed", "Volets sont fermés."),
        ("fr", ["Fenêtres"], "open", "Fenêtres sont ouvertes."),
        ("fr", ["Portail"], "open", "Portail est ouvert."),
        ("en", ["Blinds"], "open", "Blinds are open."),
        ("en", ["Gas"], "off", "Gas is off."),
        ("en", ["Kitchen light"], "off", "Kitchen light is off."),
        ("de", ["Rollos"], "closed", "Rollos sind geschlossen."),
        ("de", ["Haustür"], "locked", "Haustür ist abgeschlossen."),
    ],
)
def test_what_became_of_things(language: str, names: list[str], state: str, said: str) -> None:
    things = [Entity(f"cover.{number}", name, state=state) for number, name in enumerate(names)]
    outcomes = [Outcome(Act("cover.turn", (thing.id,)), thing, "done") for thing in things]
    assert told(outcomes, language) == said


def test_a_state_by_itself_is_masculine() -> None:
    lamp = Entity("light.lamp", "Lámpara", state="off")
    assert spoken_state(lamp, "es") == "apagado"
    assert spoken_state(lamp, "es", ("Lámpara",)) == "apagada"


def test_no_phrase_keeps_its_braces() -> None:
    for language, phrases in PHRASES.items():
        for state in phrases.states:
            assert "{" not in spoken_state(Entity("light.x", "X", state=state), language)
