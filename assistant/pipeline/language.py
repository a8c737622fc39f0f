"""What the assistant itself has to say and to understand, by language: apologies, words that silence it, murmurs."""

import re

from assistant.pipeline.wake_phrase import plain

__all__ = [
    "apologies",
    "apology",
    "is_back_channel",
    "is_silence",
    "is_snooze",
    "is_stop",
    "primary",
    "server_is_away",
    "server_is_back",
    "system_prompt",
]

_APOLOGIES = {
    "de": "Entschuldigung, das hat nicht geklappt.",
    "en": "Sorry, that did not work.",
    "es": "Lo siento, no ha funcionado.",
    "fr": "Désolé, cela n'a pas marché.",
    "it": "Scusa, non ha funzionato.",
    "nl": "Sorry, dat is niet gelukt.",
}

_AWAY = {
    "de": "Der Server {} antwortet nicht mehr.",
    "en": "The server {} does not answer any more.",
    "es": "El servidor {} ya no responde.",
    "fr": "Le serveur {} ne répond plus.",
    "it": "Il server {} non risponde più.",
    "nl": "De server {} antwoordt niet meer.",
}
_BACK = {
    "de": "Der Server {} antwortet wieder.",
    "en": "The server {} answers again.",
    "es": "El servidor {} vuelve a responder.",
    "fr": "Le serveur {} répond de nouveau.",
    "it": "Il server {} risponde di nuovo.",
    "nl": "De server {} antwoordt weer.",
}

_STOPS = {
    "de": {"stopp", "stop", "halt", "ruhe", "sei still", "sei ruhig", "hör auf", "aufhören", "schluss", "genug"}
    | {"das reicht", "abbrechen", "egal", "vergiss es", "still", "sei leise", "hör auf zu reden"},
    "en": {"stop", "stop it", "stop talking", "be quiet", "quiet", "shut up", "cancel", "never mind", "nevermind"}
    | {"enough", "that's enough", "be silent", "forget it"},
    "es": {"para", "para ya", "basta", "ya basta", "silencio", "cancela", "calla", "cállate", "alto", "detente"}
    | {"déjalo", "olvídalo", "deja de hablar", "cancelar"},
    "fr": {"stop", "arrête", "arrête toi", "arrêtez", "silence", "chut", "tais toi", "annule", "ça suffit", "assez"}
    | {"laisse tomber", "oublie", "arrête ça", "arrête de parler"},
    "it": {"stop", "basta", "silenzio", "fermati", "annulla", "zitto"},
    "nl": {"stop", "stil", "hou op", "genoeg", "annuleer"},
}

_SNOOZES = {
    "de": {"schlummern", "später", "nochmal später", "noch mal später", "gleich", "snooze"},
    "en": {"snooze", "later", "not now", "again later", "remind me later"},
    "es": {"más tarde", "luego", "pospón", "posponer", "aplaza", "aplazar", "ahora no"},
    "fr": {"plus tard", "pas maintenant", "rappelle moi plus tard", "répéter", "snooze"},
    "it": {"più tardi", "dopo", "non ora", "posticipa"},
    "nl": {"later", "straks", "niet nu", "snooze"},
}
"""What is said to something that rings and is to ring again a little later."""

_RINGS = {
    "de": r"(es|das|((den|die|meinen) )?(wecker|timer|alarm|erinnerung))",
    "en": r"(it|that|((the|my) )?(alarm|timer|reminder))",
    "es": r"((el|la|mi) )?(alarma|despertador|temporizador|recordatorio)",
    "fr": r"((le |la |l'|mon |ma ))?(réveil|alarme|minuteur|minuterie|rappel)",
}
"""What rings, by regular expressions."""

_SILENCES = {
    "de": "stopp {}|stoppe {}|stell {} ab|stell {} aus|schalt {} aus|schalte {} aus|mach {} aus|{} aus|ich bin wach",
    "en": "stop {}|cancel {}|turn off {}|turn {} off|switch off {}|switch {} off|{} off|i'm up|i'm awake",
    "es": "para {}|detén {}|apaga {}|quita {}|apágal[oa]|páral[oa]|ya estoy despiert[oa]",
    "fr": "arrête {}|stoppe {}|éteins {}|coupe {}|éteins l[ea]|je suis réveillée?|je suis debout",
}
"""What is said to that, besides what asks for silence at any time."""

_MURMURS = "a+h+, a+h*a+, e+h+, h+m+, m+, mhm, m+hm+, u+h+, h+u+h+, o+h+, wow, okay, ok, super, bravo"
_BACK_CHANNELS = {
    "de": "ja, ja+h*, jaja, jep, jo, nee, genau, klar, gut, sehr gut, schön, stimmt, richtig, verstehe, ich "
    "verstehe, ach, ach so, aha, alles klar, in ordnung, echt, interessant, danke, na gut, so",
    "en": "yes, yeah, yep, yup, yea, no way, right, all right, alright, sure, exactly, i see, got it, good, "
    "great, nice, cool, fine, true, really, indeed, of course, thanks, thank you, interesting, well, oh "
    "my, i know",
    "es": "sí, si, ya, claro, vale, bien, muy bien, bueno, exacto, cierto, entiendo, ajá, de acuerdo, gracias, "
    "anda, así es",
    "fr": "oui, ouais, ouai, d'accord, daccord, exactement, c'est ça, bien, très bien, bon, voilà, je vois, ah "
    "bon, merci, c'est vrai, entendu, bien sûr",
    "it": "sì, si, già, certo, bene, va bene, esatto, giusto, capisco, capito, ho capito, d'accordo, grazie, "
    "ecco, davvero",
    "nl": "ja, jawel, jep, precies, goed, oké, oke, juist, klopt, begrijp ik, ik snap het, snap ik, prima, "
    "mooi, bedankt, dank je, inderdaad, echt, leuk",
}
"""What people say while they listen, by regular expressions; any number of them may follow each other."""

_PROMPTS = {
    "de": "Du bist ein hilfsbereiter Sprachassistent. Antworte in ein oder zwei kurzen Sätzen, ohne Listen.",
    "en": "You are a helpful voice assistant. Answer in one or two short sentences, without lists.",
    "es": "Eres un asistente de voz. Responde en una o dos frases cortas, sin listas.",
    "fr": "Tu es un assistant vocal. Réponds en une ou deux phrases courtes, sans listes.",
    "it": "Sei un assistente vocale. Rispondi in una o due frasi brevi, senza elenchi.",
    "nl": "Je bent een spraakassistent. Antwoord in een of twee korte zinnen, zonder lijsten.",
}


_ANY_LANGUAGE = (
    "You are a helpful voice assistant. Answer in the language of the question, in one or two short sentences, "
    "without lists."
)

_POLITE = {
    "de": "bitte",
    "en": "please",
    "es": "por favor",
    "fr": "s'il te plaît, s'il vous plaît",
    "it": "per favore, per piacere",
    "nl": "alsjeblieft, alstublieft, graag",
}
"""What may stand before or after a word that asks for silence."""


def primary(language: str) -> str:
    """Return the language of a BCP-47 tag without its country: `de` for `de-AT`."""
    return language.replace("_", "-").partition("-")[0].lower()


def _of(table: dict[str, str], language: str) -> str:
    return table.get(primary(language), table["en"])


def apologies() -> tuple[str, ...]:
    """Return the languages that have an apology."""
    return tuple(_APOLOGIES)


def apology(language: str) -> str:
    """Return the sentence that is said when a turn fails; English for a language that has none yet."""
    return _of(_APOLOGIES, language)


def server_is_away(name: str, language: str) -> str:
    """Return what is said when another server has gone away."""
    return _of(_AWAY, language).format(name)


def server_is_back(name: str, language: str) -> str:
    """Return what is said when it is there again."""
    return _of(_BACK, language).format(name)


def system_prompt(language: str) -> str:
    """Return the built-in system prompt: static text, so that its prefix can be cached. `auto` is any language."""
    return _ANY_LANGUAGE if language == "auto" else _of(_PROMPTS, language)


def is_stop(text: str, language: str) -> bool:
    """Tell whether *text*, all of it but murmurs before it, only asks for silence."""
    said = f"{_POLITE['en']}, {_of(_POLITE, language)}"
    polite = "|".join(plain(phrase) for phrase in said.split(","))
    words = re.sub(f" ({polite})$", "", plain(text.replace("’", "'")))
    words = re.sub(f"^(({polite}|no|{_back_channels(language)}) )+", "", words)
    return words in _STOPS.get(primary(language), set()) | _STOPS["en"]


def is_silence(text: str, language: str) -> bool:
    """Tell whether *text*, all of it, tells something to ring no more: "stop", "turn off the alarm", "I'm awake"."""
    said, main = plain(text.replace("’", "'")), primary(language)
    if is_stop(text, language) or main not in _SILENCES:
        return is_stop(text, language)
    said = re.sub(rf"^(ok|okay) | ({'|'.join(_of(_POLITE, main).split(', '))})$", "", said)
    return re.fullmatch(_SILENCES[main].replace("{}", _RINGS[main]), said) is not None


def is_snooze(text: str, language: str) -> bool:
    """Tell whether *text* only asks for a few more minutes."""
    words = plain(text).removesuffix(" please")
    return words in _SNOOZES.get(language.partition("-")[0].lower(), set()) | _SNOOZES["en"]


def is_back_channel(text: str, language: str) -> bool:
    """Tell whether *text* is empty, or only shows that somebody listens: "mhm", "okay", "yes, I see"."""
    return bool(re.fullmatch(f"(({_back_channels(language)})( |$))*", plain(text)))


def _back_channels(language: str) -> str:
    words = f"{_MURMURS}, {_of(_BACK_CHANNELS, language)}"
    return "|".join(word.strip() for word in words.split(","))
