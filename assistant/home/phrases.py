"""The phrases in which the assistant speaks of a house, in four languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.home.outcome import Result

__all__ = ["PHRASES", "Phrases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language."""

    and_: str
    """Between the last two of several names."""
    or_: str
    """Between the last two of several choices."""
    more: str
    """How many are not named, `{number}`."""
    decimal: str
    """Between the whole of a number and its parts."""
    percent: str
    """After "the lamp is": `{number}` of a hundred."""
    degrees: str
    """After "the thermostat is": `{number}` degrees."""
    so: str
    """After "the lamp is": as it was asked for, where the state has no word."""
    states: Mapping[str, str]
    """The states, after "the lamp is"; an ending in braces agrees with the name (`agreement.py`)."""
    results: Mapping[Result, tuple[str, str]]
    """What is said of one thing and of several: `{names}`, and the `{state}` that they are in."""
    stays: str
    """That what `{names}` did cannot be taken back."""
    nothing_done: str
    """There is nothing to take back."""
    no_house: str
    """There is no house that one could act in."""
    no_answer: str
    """The hubs `{names}` do not answer, so nothing is known of the house."""
    no_room: str
    """It is not known which room is meant."""
    where: str
    """In which room, of `{choices}`?"""
    nothing_there: str
    """There is nothing of that kind there."""
    nothing_called: str
    """There is nothing called `{name}`."""
    perhaps: str
    """There is nothing called `{name}`, but `{nearest}`: is that meant?"""
    which: str
    """Several things are called `{name}`: which, of `{choices}`?"""
    cannot: str
    """`{names}` cannot do that."""
    not_known: str
    """It is not known what `{names}` is now."""
    to_open: str
    """To open `{names}`, as an infinitive."""
    to_unlock: str
    """To unlock `{names}`, as an infinitive."""


PHRASES = {
    "en": Phrases(
        and_="and",
        or_="or",
        more="{number} more",
        decimal=".",
        percent="at {number} percent",
        degrees="set to {number} degrees",
        so="as you asked",
        states={
            "on": "on",
            "off": "off",
            "open": "open",
            "closed": "closed",
            "opening": "opening",
            "closing": "closing",
            "locked": "locked",
            "unlocked": "unlocked",
            "locking": "locking",
            "unlocking": "unlocking",
            "jammed": "jammed",
            "playing": "playing",
            "paused": "paused",
            "idle": "idle",
            "standby": "on standby",
            "cleaning": "cleaning",
            "returning": "returning",
            "docked": "docked",
            "mowing": "mowing",
            "heat": "heating",
            "cool": "cooling",
            "auto": "on automatic",
            "home": "at home",
            "not_home": "away",
            "unavailable": "not available",
            "unknown": "unknown",
        },
        results={
            "done": ("{names} is {state}", "{names} are {state}"),
            "begun": ("{names} is {state}", "{names} are {state}"),
            "already": ("{names} is already {state}", "{names} are already {state}"),
            "unseen": (
                "I told {names}, but cannot see whether it obeyed",
                "I told {names}, but cannot see whether they obeyed",
            ),
            "silent": ("{names} did not answer", "{names} did not answer"),
            "refused": ("{names} reported an error", "{names} reported an error"),
            "unavailable": ("{names} is not available", "{names} are not available"),
            "unreachable": ("I cannot reach {names}", "I cannot reach {names}"),
        },
        stays="What {names} did cannot be undone.",
        nothing_done="There is nothing to undo.",
        no_house="I am not connected to anything that I could control.",
        no_answer="{names} does not answer at the moment.",
        no_room="I do not know which room you mean.",
        where="In which room: {choices}?",
        nothing_there="I know of nothing like that.",
        nothing_called="I know nothing called {name}.",
        perhaps="I know nothing called {name}. Do you mean {nearest}?",
        which="There are several called {name}. Which one: {choices}?",
        cannot="{names} cannot do that.",
        not_known="I cannot find out about {names} at the moment.",
        to_open="open {names}",
        to_unlock="unlock {names}",
    ),
    "de": Phrases(
        and_="und",
        or_="oder",
        more="{number} weitere",
        decimal=",",
        percent="auf {number} Prozent",
        degrees="auf {number} Grad gestellt",
        so="wie gewünscht",
        states={
            "on": "an",
            "off": "aus",
            "open": "offen",
            "closed": "geschlossen",
            "opening": "am Öffnen",
            "closing": "am Schließen",
            "locked": "abgeschlossen",
            "unlocked": "aufgeschlossen",
            "locking": "am Abschließen",
            "unlocking": "am Aufschließen",
            "jammed": "verklemmt",
            "playing": "am Abspielen",
            "paused": "angehalten",
            "idle": "untätig",
            "standby": "in Bereitschaft",
            "cleaning": "am Saugen",
            "returning": "auf dem Rückweg",
            "docked": "an der Ladestation",
            "mowing": "am Mähen",
            "heat": "am Heizen",
            "cool": "am Kühlen",
            "auto": "auf Automatik",
            "home": "zu Hause",
            "not_home": "unterwegs",
            "unavailable": "nicht verfügbar",
            "unknown": "unbekannt",
        },
        results={
            "done": ("{names} ist {state}", "{names} sind {state}"),
            "begun": ("{names} ist {state}", "{names} sind {state}"),
            "already": ("{names} ist schon {state}", "{names} sind schon {state}"),
            "unseen": (
                "ich habe es {names} gesagt, sehe aber nicht, ob es geklappt hat",
                "ich habe es {names} gesagt, sehe aber nicht, ob es geklappt hat",
            ),
            "silent": ("{names} hat nicht reagiert", "{names} haben nicht reagiert"),
            "refused": ("{names} hat einen Fehler gemeldet", "{names} haben einen Fehler gemeldet"),
            "unavailable": ("{names} ist nicht verfügbar", "{names} sind nicht verfügbar"),
            "unreachable": ("ich erreiche {names} nicht", "ich erreiche {names} nicht"),
        },
        stays="Was {names} getan hat, lässt sich nicht rückgängig machen.",
        nothing_done="Es gibt nichts rückgängig zu machen.",
        no_house="Ich bin mit nichts verbunden, das ich steuern könnte.",
        no_answer="{names} antwortet gerade nicht.",
        no_room="Ich weiß nicht, welcher Raum gemeint ist.",
        where="In welchem Raum: {choices}?",
        nothing_there="So etwas kenne ich hier nicht.",
        nothing_called="Ich kenne nichts namens {name}.",
        perhaps="Ich kenne nichts namens {name}. Ist {nearest} gemeint?",
        which="Es gibt mehrere namens {name}. Welches: {choices}?",
        cannot="{names} kann das nicht.",
        not_known="Über {names} erfahre ich gerade nichts.",
        to_open="{names} öffnen",
        to_unlock="{names} aufschließen",
    ),
    "fr": Phrases(
        and_="et",
        or_="ou",
        more="{number} autres",
        decimal=",",
        percent="à {number} pour cent",
        degrees="à {number} degrés",
        so="comme demandé",
        states={
            "on": "en marche",
            "off": "à l'arrêt",
            "open": "ouvert{e}",
            "closed": "fermé{e}",
            "opening": "en train de s'ouvrir",
            "closing": "en train de se fermer",
            "locked": "verrouillé{e}",
            "unlocked": "déverrouillé{e}",
            "locking": "en cours de verrouillage",
            "unlocking": "en cours de déverrouillage",
            "jammed": "bloqué{e}",
            "playing": "en lecture",
            "paused": "en pause",
            "idle": "inactif",
            "standby": "en veille",
            "cleaning": "en train de nettoyer",
            "returning": "sur le retour",
            "docked": "sur sa base",
            "mowing": "en train de tondre",
            "heat": "en chauffage",
            "cool": "en refroidissement",
            "auto": "en automatique",
            "home": "à la maison",
            "not_home": "absent{e}",
            "unavailable": "indisponible",
            "unknown": "dans un état inconnu",
        },
        results={
            "done": ("{names} est {state}", "{names} sont {state}"),
            "begun": ("{names} est {state}", "{names} sont {state}"),
            "already": ("{names} est déjà {state}", "{names} sont déjà {state}"),
            "unseen": (
                "j'ai transmis l'ordre à {names}, mais je ne vois pas s'il a été suivi",
                "j'ai transmis l'ordre à {names}, mais je ne vois pas s'il a été suivi",
            ),
            "silent": ("{names} n'a pas répondu", "{names} n'ont pas répondu"),
            "refused": ("{names} a signalé une erreur", "{names} ont signalé une erreur"),
            "unavailable": ("{names} n'est pas disponible", "{names} ne sont pas disponibles"),
            "unreachable": ("je n'arrive pas à joindre {names}", "je n'arrive pas à joindre {names}"),
        },
        stays="Ce que {names} a fait ne peut pas être annulé.",
        nothing_done="Il n'y a rien à annuler.",
        no_house="Je ne suis connecté à rien que je puisse commander.",
        no_answer="{names} ne répond pas pour le moment.",
        no_room="Je ne sais pas de quelle pièce il s'agit.",
        where="Dans quelle pièce : {choices} ?",
        nothing_there="Je ne connais rien de tel ici.",
        nothing_called="Je ne connais rien qui s'appelle {name}.",
        perhaps="Je ne connais rien qui s'appelle {name}. Est-ce {nearest} ?",
        which="Il y en a plusieurs qui s'appellent {name}. Lequel : {choices} ?",
        cannot="{names} ne peut pas faire cela.",
        not_known="Je ne peux rien savoir de {names} pour le moment.",
        to_open="ouvrir {names}",
        to_unlock="déverrouiller {names}",
    ),
    "es": Phrases(
        and_="y",
        or_="o",
        more="{number} más",
        decimal=",",
        percent="al {number} por ciento",
        degrees="a {number} grados",
        so="como has pedido",
        states={
            "on": "encendid{o}",
            "off": "apagad{o}",
            "open": "abiert{o}",
            "closed": "cerrad{o}",
            "opening": "abriéndose",
            "closing": "cerrándose",
            "locked": "cerrad{o} con llave",
            "unlocked": "sin llave",
            "locking": "cerrándose con llave",
            "unlocking": "abriéndose",
            "jammed": "atascad{o}",
            "playing": "reproduciendo",
            "paused": "en pausa",
            "idle": "inactiv{o}",
            "standby": "en espera",
            "cleaning": "limpiando",
            "returning": "volviendo a la base",
            "docked": "en la base",
            "mowing": "cortando el césped",
            "heat": "calentando",
            "cool": "enfriando",
            "auto": "en automático",
            "home": "en casa",
            "not_home": "fuera",
            "unavailable": "no disponible",
            "unknown": "en un estado desconocido",
        },
        results={
            "done": ("{names} está {state}", "{names} están {state}"),
            "begun": ("{names} está {state}", "{names} están {state}"),
            "already": ("{names} ya está {state}", "{names} ya están {state}"),
            "unseen": (
                "he dado la orden a {names}, pero no veo si se ha cumplido",
                "he dado la orden a {names}, pero no veo si se ha cumplido",
            ),
            "silent": ("{names} no ha respondido", "{names} no han respondido"),
            "refused": ("{names} ha dado un error", "{names} han dado un error"),
            "unavailable": ("{names} no está disponible", "{names} no están disponibles"),
            "unreachable": ("no puedo conectar con {names}", "no puedo conectar con {names}"),
        },
        stays="Lo que ha hecho {names} no se puede deshacer.",
        nothing_done="No hay nada que deshacer.",
        no_house="No estoy conectado a nada que pueda controlar.",
        no_answer="{names} no responde en este momento.",
        no_room="No sé de qué habitación se trata.",
        where="¿En qué habitación: {choices}?",
        nothing_there="Aquí no conozco nada parecido.",
        nothing_called="No conozco nada que se llame {name}.",
        perhaps="No conozco nada que se llame {name}. ¿Es {nearest}?",
        which="Hay varios que se llaman {name}. ¿Cuál: {choices}?",
        cannot="{names} no puede hacer eso.",
        not_known="Ahora no puedo saber nada de {names}.",
        to_open="abrir {names}",
        to_unlock="abrir la cerradura de {names}",
    ),
}
"""By language."""
