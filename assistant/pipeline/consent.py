"""Whether something is really meant: asked of a person, answered by a person, and by nobody else.

What is held runs on the next turn of the same conversation, where that is a yes, said in time by somebody who may. Any
other turn drops it. Neither a model nor the result of a tool has a turn of its own, so neither can say yes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.skill import Ask, Reply

if TYPE_CHECKING:
    from assistant.pipeline.question import Question
    from assistant.pipeline.turn import Turn

__all__ = ["SECONDS", "Consent", "Held", "words_of"]

SECONDS = 60.0
"""Seconds after the question within which a yes counts."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What is said about things that need a yes, in one language."""

    act: str
    """Asks whether `{act}`, an infinitive, is meant."""
    call: str
    """Asks whether the tool `{name}` is meant, with `{arguments}` as `, with …`, or without any."""
    arguments: str
    """Tells the arguments of a tool, `{arguments}`."""
    words: str
    """Asks whether `{text}`, a person's own words, is meant."""
    unknown: str
    """Tells somebody who is not known what to do instead."""
    untold: str
    """Tells that there is more to it than can be asked in a sentence."""
    late: str
    """Tells that the yes came too late, or from somebody else."""
    done: str
    """Tells that it was done."""


_CONSENT = {
    "de": Consent(
        act="Soll ich wirklich {act}?",
        call="Soll ich wirklich „{name}“ ausführen{arguments}?",
        arguments=", mit {arguments}",
        words="Soll ich das wirklich tun: „{text}“?",
        unknown="Das mache ich nur für Menschen, die ich kenne. Frag von einem Gerät aus, das dir gehört, oder am "
        "Rechner selbst.",
        untold="Das ist zu umfangreich, um es in einem Satz zu bestätigen. Ich habe nichts getan.",
        late="Das kann ich jetzt nicht mehr bestätigen lassen. Frag bitte noch einmal.",
        done="Das ist erledigt.",
    ),
    "en": Consent(
        act="Shall I really {act}?",
        call="Shall I really run “{name}”{arguments}?",
        arguments=", with {arguments}",
        words="Shall I really do this: “{text}”?",
        unknown="I do that only for people I know. Ask from a device that is your own, or at the computer itself.",
        untold="There is more to that than can be confirmed in a sentence. I have done nothing.",
        late="That can no longer be confirmed. Please ask again.",
        done="It is done.",
    ),
    "es": Consent(
        act="¿De verdad debo {act}?",
        call="¿De verdad debo ejecutar «{name}»{arguments}?",
        arguments=", con {arguments}",
        words="¿De verdad debo hacer esto: «{text}»?",
        unknown="Eso solo lo hago para personas que conozco. Pídelo desde un dispositivo tuyo o en el propio "
        "ordenador.",
        untold="Eso es demasiado largo para confirmarlo en una frase. No he hecho nada.",
        late="Eso ya no se puede confirmar. Pídelo otra vez, por favor.",
        done="Está hecho.",
    ),
    "fr": Consent(
        act="Dois-je vraiment {act} ?",
        call="Dois-je vraiment exécuter « {name} »{arguments} ?",
        arguments=", avec {arguments}",
        words="Dois-je vraiment faire cela : « {text} » ?",
        unknown="Je ne fais cela que pour les personnes que je connais. Demande-le depuis un appareil à toi, ou sur "
        "l'ordinateur lui-même.",
        untold="C'est trop long pour être confirmé en une phrase. Je n'ai rien fait.",
        late="Cela ne peut plus être confirmé. Redemande-le, s'il te plaît.",
        done="C'est fait.",
    ),
    "it": Consent(
        act="Devo davvero {act}?",
        call="Devo davvero eseguire «{name}»{arguments}?",
        arguments=", con {arguments}",
        words="Devo davvero fare questo: «{text}»?",
        unknown="Questo lo faccio solo per le persone che conosco. Chiedilo da un dispositivo tuo, o al computer "
        "stesso.",
        untold="È troppo lungo per confermarlo in una frase. Non ho fatto nulla.",
        late="Ormai non si può più confermare. Chiedilo di nuovo, per favore.",
        done="Fatto.",
    ),
    "nl": Consent(
        act="Moet ik echt {act}?",
        call="Moet ik echt “{name}” uitvoeren{arguments}?",
        arguments=", met {arguments}",
        words="Moet ik dit echt doen: “{text}”?",
        unknown="Dat doe ik alleen voor mensen die ik ken. Vraag het vanaf een apparaat van jezelf, of aan de computer "
        "zelf.",
        untold="Dat is te veel om in één zin te bevestigen. Ik heb niets gedaan.",
        late="Dat kan niet meer worden bevestigd. Vraag het nog een keer.",
        done="Het is gedaan.",
    ),
}


def words_of(language: str) -> Consent:
    """Return what is said in *language*; English for one that has none yet."""
    return _CONSENT.get(language.partition("-")[0].lower(), _CONSENT["en"])


async def _nothing(choice: str) -> Reply:
    """Do nothing: what is held goes on by `Held.confirmed` only."""
    return Reply()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Ask):
    """Something that waits for a yes, to be done exactly as it stands or not at all."""

    then: Callable[[str], Awaitable[Reply]] = _nothing
    """Does nothing."""
    person: str
    """Who has to say yes; empty for anybody."""
    until: float
    """Seconds on the clock of the loop after which a yes does not count."""
    confirmed: "Callable[[Question, Turn], Awaitable[Reply]]"
    """Does it on behalf of the turn that says yes, and returns what is said."""
