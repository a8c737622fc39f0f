"""What is said to the device and by it, in six languages. `%` stands for a number, in digits or in words."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["WORDS", "Replies", "Words", "words_of"]


@dataclass(frozen=True, slots=True)
class Replies:
    """What is said once something was done."""

    volume: str
    """How loud it is now: `{volume}` percent."""
    limited: str
    """How loud it is set, `{volume}`, and how loud it is in the quiet hours, `{heard}`."""
    range: str
    """A number that is no volume was asked for."""
    loudest: str
    """It cannot be louder."""
    quietest: str
    """It is not made quieter without a number."""
    muted: str
    """The microphone is closed, and how it is opened again: nobody is heard any more."""
    chime_on: str
    """The wake word is answered by a chime."""
    chime_off: str
    """It is not."""
    quiet_on: str
    """The quiet hours are kept: from `{begin}` to `{to}`."""
    quiet_off: str
    """They are not."""
    nothing_here: str
    """What was spoken to is no device of the assistant's own."""


Phrases = Mapping[tuple[str, ...], tuple[str, ...]]
"""By intent, with a slot and its value or none."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    phrases: Phrases
    """What is said, in lower case."""
    numbers: dict[str, int]
    """Numbers in words, as recognisers write them now and then."""
    percent: tuple[str, ...]
    """What may follow a number."""
    polite: tuple[str, ...]
    """What may stand before or after it all, and means nothing."""
    replies: Replies
    """What is said in return."""


_SET = ("HassSetVolume",)
_UP = ("HassSetVolumeRelative", "volume_step", "up")
_DOWN = ("HassSetVolumeRelative", "volume_step", "down")
_TELL = ("InglenookVolume",)
_MUTE = ("InglenookMute",)
_CHIME_ON = ("InglenookChime", "state", "on")
_CHIME_OFF = ("InglenookChime", "state", "off")
_QUIET_ON = ("InglenookQuietHours", "state", "on")
_QUIET_OFF = ("InglenookQuietHours", "state", "off")


def _tens(words: str) -> dict[str, int]:
    """Return 0, 10, 20 and so on up to 100 by their *words*."""
    return dict(zip(words.split(), range(0, 101, 10), strict=True))


def _of(phrases: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in phrases.split(","))


WORDS = {
    "en": Words(
        phrases={
            _SET: _of("volume %, volume to %, volume at %, set volume to %, set the volume to %, turn the volume to %"),
            _UP: _of(
                """louder, a bit louder, a little louder, volume up, turn up the volume, turn the volume up,
                increase the volume, raise the volume, speak louder, speak up, talk louder"""
            ),
            _DOWN: _of(
                """quieter, a bit quieter, a little quieter, softer, volume down, turn down the volume,
                turn the volume down, lower the volume, decrease the volume, reduce the volume, speak quieter,
                speak more quietly, speak softer, talk quieter, not so loud"""
            ),
            _TELL: _of("how loud are you, what is the volume"),
            _MUTE: _of(
                """mute, mute yourself, mute the microphone, mute your microphone, microphone off, close the microphone,
                turn off the microphone, turn the microphone off, turn off your microphone, turn your microphone off,
                switch off the microphone, switch off your microphone, stop listening"""
            ),
            _CHIME_ON: _of("chime on, turn on the chime, turn the chime on, switch on the chime"),
            _CHIME_OFF: _of("chime off, turn off the chime, turn the chime off, switch off the chime"),
            _QUIET_ON: _of("quiet hours on, turn on quiet hours, turn on the quiet hours, keep quiet hours"),
            _QUIET_OFF: _of("quiet hours off, turn off quiet hours, turn off the quiet hours, no quiet hours"),
        },
        numbers=_tens("zero ten twenty thirty forty fifty sixty seventy eighty ninety hundred") | {"a hundred": 100},
        percent=("percent", "per cent"),
        polite=("please",),
        replies=Replies(
            volume="Volume {volume} percent.",
            limited="Volume {volume} percent, but only {heard} in the quiet hours.",
            range="The volume goes from 0 to 100 percent.",
            loudest="It cannot be louder.",
            quietest="It is as quiet as it should be.",
            muted="My microphone is off now. Only the device itself can turn it on again.",
            chime_on="The chime is on.",
            chime_off="The chime is off.",
            quiet_on="Quiet hours are from {begin} to {to}.",
            quiet_off="There are no quiet hours any more.",
            nothing_here="I have no speaker or microphone of my own here.",
        ),
    ),
    "de": Words(
        phrases={
            _SET: _of(
                """lautstärke %, lautstärke auf %, stell die lautstärke auf %, stelle die lautstärke auf %,
                setz die lautstärke auf %, setze die lautstärke auf %, mach die lautstärke auf %"""
            ),
            _UP: _of(
                """lauter, etwas lauter, ein bisschen lauter, mach lauter, mach es lauter, mach mal lauter,
                sprich lauter, stell lauter, lautstärke höher, erhöhe die lautstärke"""
            ),
            _DOWN: _of(
                """leiser, etwas leiser, ein bisschen leiser, mach leiser, mach es leiser, mach mal leiser,
                sprich leiser, stell leiser, nicht so laut, lautstärke runter, verringere die lautstärke"""
            ),
            _TELL: _of("wie laut bist du, wie ist die lautstärke"),
            _MUTE: _of(
                """mikrofon aus, mikro aus, schalte das mikrofon aus, schalte dein mikrofon aus,
                schalt das mikrofon aus, schalt dein mikrofon aus, mach das mikrofon aus, mach dein mikrofon aus,
                stumm, stummschalten, schalte dich stumm, schalt dich stumm, hör nicht mehr zu, hör auf zuzuhören"""
            ),
            _CHIME_ON: _of("signalton an, signalton ein, schalte den signalton ein, schalte den signalton an"),
            _CHIME_OFF: _of("signalton aus, schalte den signalton aus"),
            _QUIET_ON: _of("ruhezeit an, ruhezeit ein, schalte die ruhezeit ein, ruhezeiten ein"),
            _QUIET_OFF: _of("ruhezeit aus, schalte die ruhezeit aus, ruhezeiten aus"),
        },
        numbers=_tens("null zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert")
        | {"einhundert": 100},
        percent=("prozent",),
        polite=("bitte", "mal"),
        replies=Replies(
            volume="Lautstärke {volume} Prozent.",
            limited="Lautstärke {volume} Prozent, in der Ruhezeit aber nur {heard}.",
            range="Die Lautstärke geht von 0 bis 100 Prozent.",
            loudest="Lauter geht es nicht.",
            quietest="Es ist schon so leise, wie es sinnvoll ist.",
            muted="Mein Mikrofon ist jetzt aus. Nur am Gerät selbst geht es wieder an.",
            chime_on="Der Signalton ist an.",
            chime_off="Der Signalton ist aus.",
            quiet_on="Ruhezeit ist von {begin} bis {to}.",
            quiet_off="Es gibt keine Ruhezeit mehr.",
            nothing_here="Ich habe hier keinen eigenen Lautsprecher und kein Mikrofon.",
        ),
    ),
    "fr": Words(
        phrases={
            _SET: _of("volume %, volume à %, mets le volume à %, met le volume à %, règle le volume à %"),
            _UP: _of("plus fort, un peu plus fort, parle plus fort, monte le volume, augmente le volume, monte le son"),
            _DOWN: _of(
                """moins fort, un peu moins fort, parle moins fort, plus bas, baisse le volume, diminue le volume,
                baisse le son"""
            ),
            _TELL: _of("à quel volume es-tu, quel est le volume"),
            _MUTE: _of(
                """coupe le micro, coupe ton micro, coupe le microphone, coupe ton microphone, éteins le micro,
                éteins ton micro, désactive le micro, n'écoute plus, arrête d'écouter"""
            ),
            _CHIME_ON: _of("active le carillon, active le bip, mets le bip"),
            _CHIME_OFF: _of("désactive le carillon, désactive le bip, enlève le bip"),
            _QUIET_ON: _of("active les heures calmes, heures calmes"),
            _QUIET_OFF: _of("désactive les heures calmes, plus d'heures calmes"),
        },
        numbers=_tens("zéro dix vingt trente quarante cinquante soixante soixante-dix quatre-vingts nonante cent")
        | {"soixante dix": 70, "quatre vingts": 80, "quatre vingt": 80, "quatre vingt dix": 90},
        percent=("pour cent", "pourcent", "pourcents"),
        polite=("s'il te plaît", "s'il vous plaît", "s'il te plait", "s'il vous plait"),
        replies=Replies(
            volume="Volume à {volume} pour cent.",
            limited="Volume à {volume} pour cent, mais à {heard} pendant les heures calmes.",
            range="Le volume va de 0 à 100 pour cent.",
            loudest="Je ne peux pas parler plus fort.",
            quietest="Je parle déjà tout bas.",
            muted="Mon micro est coupé. Seul l'appareil lui-même peut le rallumer.",
            chime_on="Le bip est activé.",
            chime_off="Le bip est désactivé.",
            quiet_on="Les heures calmes vont de {begin} à {to}.",
            quiet_off="Il n'y a plus d'heures calmes.",
            nothing_here="Je n'ai ni haut-parleur ni micro à moi ici.",
        ),
    ),
    "es": Words(
        phrases={
            _SET: _of("volumen %, volumen al %, pon el volumen al %, pon el volumen a %, ajusta el volumen al %"),
            _UP: _of("más alto, un poco más alto, más fuerte, habla más alto, habla más fuerte, sube el volumen"),
            _DOWN: _of("más bajo, un poco más bajo, habla más bajo, baja el volumen, no tan alto"),
            _TELL: _of("a qué volumen estás, cuál es el volumen"),
            _MUTE: _of(
                """apaga el micrófono, apaga tu micrófono, silencia el micrófono, desactiva el micrófono,
                micrófono apagado, deja de escuchar, no escuches más"""
            ),
            _CHIME_ON: _of("activa el tono, activa el aviso sonoro, enciende el tono"),
            _CHIME_OFF: _of("desactiva el tono, desactiva el aviso sonoro, apaga el tono"),
            _QUIET_ON: _of("activa las horas de silencio, horas de silencio"),
            _QUIET_OFF: _of("desactiva las horas de silencio, sin horas de silencio"),
        },
        numbers=_tens("cero diez veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien"),
        percent=("por ciento", "porciento"),
        polite=("por favor",),
        replies=Replies(
            volume="Volumen al {volume} por ciento.",
            limited="Volumen al {volume} por ciento, pero al {heard} en las horas de silencio.",
            range="El volumen va de 0 a 100 por ciento.",
            loudest="No puedo hablar más alto.",
            quietest="Ya hablo muy bajo.",
            muted="Mi micrófono está apagado. Solo el propio aparato puede encenderlo de nuevo.",
            chime_on="El tono está activado.",
            chime_off="El tono está desactivado.",
            quiet_on="Las horas de silencio son de {begin} a {to}.",
            quiet_off="Ya no hay horas de silencio.",
            nothing_here="Aquí no tengo altavoz ni micrófono propios.",
        ),
    ),
    "it": Words(
        phrases={
            _SET: _of("volume %, volume al %, volume a %, metti il volume al %, imposta il volume al %"),
            _UP: _of("più forte, un po' più forte, parla più forte, alza il volume, aumenta il volume"),
            _DOWN: _of("più piano, un po' più piano, parla più piano, abbassa il volume, non così forte"),
            _TELL: _of("a che volume sei, qual è il volume"),
            _MUTE: _of(
                """spegni il microfono, spegni il tuo microfono, disattiva il microfono, chiudi il microfono,
                microfono spento, smetti di ascoltare, non ascoltare più"""
            ),
            _CHIME_ON: _of("attiva il segnale acustico, attiva il segnale"),
            _CHIME_OFF: _of("disattiva il segnale acustico, disattiva il segnale"),
            _QUIET_ON: _of("attiva le ore di silenzio, ore di silenzio"),
            _QUIET_OFF: _of("disattiva le ore di silenzio, niente ore di silenzio"),
        },
        numbers=_tens("zero dieci venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento"),
        percent=("per cento", "percento"),
        polite=("per favore", "per piacere"),
        replies=Replies(
            volume="Volume al {volume} per cento.",
            limited="Volume al {volume} per cento, ma al {heard} nelle ore di silenzio.",
            range="Il volume va da 0 a 100 per cento.",
            loudest="Non posso parlare più forte.",
            quietest="Parlo già molto piano.",
            muted="Il mio microfono è spento. Solo il dispositivo stesso può riaccenderlo.",
            chime_on="Il segnale è attivo.",
            chime_off="Il segnale è disattivato.",
            quiet_on="Le ore di silenzio vanno dalle {begin} alle {to}.",
            quiet_off="Non ci sono più ore di silenzio.",
            nothing_here="Qui non ho né un altoparlante né un microfono miei.",
        ),
    ),
    "nl": Words(
        phrases={
            _SET: _of("volume %, volume op %, volume naar %, zet het volume op %, zet volume op %"),
            _UP: _of("harder, iets harder, een beetje harder, praat harder, volume omhoog, zet het volume hoger"),
            _DOWN: _of("zachter, iets zachter, een beetje zachter, praat zachter, volume omlaag, zet het volume lager"),
            _TELL: _of("hoe hard sta je, wat is het volume"),
            _MUTE: _of(
                """microfoon uit, zet de microfoon uit, zet je microfoon uit, schakel de microfoon uit,
                stop met luisteren, luister niet meer"""
            ),
            _CHIME_ON: _of("geluidssignaal aan, zet het geluidssignaal aan"),
            _CHIME_OFF: _of("geluidssignaal uit, zet het geluidssignaal uit"),
            _QUIET_ON: _of("stille uren aan, zet de stille uren aan"),
            _QUIET_OFF: _of("stille uren uit, zet de stille uren uit, geen stille uren"),
        },
        numbers=_tens("nul tien twintig dertig veertig vijftig zestig zeventig tachtig negentig honderd"),
        percent=("procent",),
        polite=("alsjeblieft", "alstublieft", "graag"),
        replies=Replies(
            volume="Volume {volume} procent.",
            limited="Volume {volume} procent, maar {heard} in de stille uren.",
            range="Het volume gaat van 0 tot 100 procent.",
            loudest="Harder kan niet.",
            quietest="Zachter is niet zinvol.",
            muted="Mijn microfoon is nu uit. Alleen het apparaat zelf kan hem weer aanzetten.",
            chime_on="Het geluidssignaal is aan.",
            chime_off="Het geluidssignaal is uit.",
            quiet_on="Stille uren zijn van {begin} tot {to}.",
            quiet_off="Er zijn geen stille uren meer.",
            nothing_here="Ik heb hier geen eigen luidspreker of microfoon.",
        ),
    ),
}
"""By language."""


def words_of(language: str) -> Words:
    """Return the words of a BCP-47 tag; English for a language that has none yet."""
    return WORDS.get(language.partition("-")[0].lower(), WORDS["en"])
