"""How utterances end in six languages: words after which something must follow, and those that close a sentence."""

from dataclasses import dataclass

__all__ = ["ENDINGS", "HESITATIONS", "Endings"]


def _set(phrases: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in phrases.split(","))


HESITATIONS = _set("um, uh, uhm, uhh, umm, er, erm, hm, hmm, mm, äh, ähm, öh, euh, heu, bah, eh, ehm, eeh, mmm, em")


@dataclass(frozen=True, slots=True)
class Endings:
    """Ends of utterances in one language: of one word or two, in lower case."""

    open: frozenset[str]
    """Something must follow: articles, prepositions, conjunctions, possessives, auxiliaries, openings of questions."""
    wanting: frozenset[str]
    """Something often follows: the duration after a timer."""
    numbers: frozenset[str]
    """Spoken quantities; digits count too."""
    closing: frozenset[str]
    """Complete, although the last word alone would be open."""
    either: frozenset[str]
    """Complete or not, nobody can tell: "who is that" may be heard for "who is the", "where is it from" is rare."""
    spans: frozenset[str]
    """Before a quantity, they begin a span of time, whose unit follows."""
    whole: frozenset[str]
    """Complete as the only words of an utterance."""
    polite: frozenset[str]
    """Says nothing at the end; what matters is the word before."""
    particles: frozenset[str] = frozenset()
    """Parts of a verb that end a sentence where an object, or a subject, parts them from it: "turn the light on"."""
    verbs: frozenset[str] = frozenset()
    """Verbs that particles belong to."""
    asking: frozenset[str] = frozenset()
    """First words of questions that may end in one of `verbal`, if an auxiliary stands between them."""
    auxiliary: frozenset[str] = frozenset()
    """Auxiliaries of such questions."""
    verbal: frozenset[str] = frozenset()
    """Verbs that end them, and would be open anywhere else: "how many legs does a spider have"."""
    prefaces: frozenset[str] = frozenset()
    """Utterances, as a whole, after which somebody says what they want."""
    telling: frozenset[str] = frozenset()
    """First words of somebody who tells something, and will ask for something at the end of it."""
    wishing: frozenset[str] = frozenset()
    """First two words that begin like a story and are a wish."""


ENDINGS = {
    "en": Endings(
        open=_set(
            """
            a, an, the, my, your, his, its, our, their, some, any, every, another, each, and, or, but, because, if,
            when, while, than, then, so, as, also, plus, minus, times, for, to, of, in, at, from, with, by, about,
            into, until, between, under, near, like, without, per, via, is, are, was, were, am, be, will, would,
            can, could, should, shall, may, must, do, does, did, have, has, i, we, they, he, she, i'm, i'd, i'll,
            let's, what's, where's, who's, when's, how's, it's, there's, what, which, whose, who, where, how, why,
            how much, how many, how long, how far, how old, what time, can you, could you, would you, will you,
            do you, tell me, show me, give me, remind me, wake me, let me, next to, going to, want to, need to,
            very, well, okay so, you know, i mean, i want, i need, called, named, after, before, since, during,
            whether, above, behind, beside, onto, through, true that, sure that, possible that, think that, such
            that
            """
        ),
        wanting=_set(
            """
            a timer, an alarm, a reminder, the timer for, a note, forty five, you say, to know, to call, to buy,
            to hear, to see, to find, to add, to send, to tell, to ask, to get, to make, to say, to play
            """
        ),
        numbers=_set(
            """
            one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, fifteen, twenty, thirty,
            forty, fifty, sixty, ninety, hundred, half, thirteen, fourteen, sixteen, eighteen, seventy, eighty
            """
        ),
        closing=_set(
            """
            it is, they are, i am, you are, we are, he is, she is, that is, i do, i will, i can, weather like,
            look like, sound like, it like, like that, like this, stop that, stop this, doing that, think so,
            hope so, these days, come in, log in, many times, plus two, times two, at two, past two, by two, plus 2,
            times 2, at 2, by 2, repeat that, say that, mean that
            """
        ),
        either=_set(
            """
            it for, what for, you from, it from, that from, it about, that about, this about, it to, him to,
            it with, that with, is there, bye, too, two, 2, mine, for it, for him, for them, on them, off them,
            of them, to you, of it, is on, is off, are on, are off, that, this, these, those, that for, this for
            """
        ),
        spans=_set("for, in"),
        whole=_set(
            """
            yes, yeah, yep, no, nope, stop, okay, ok, sure, thanks, thank you, next, previous, pause, resume,
            continue, cancel, never mind, nevermind, skip, repeat, again, louder, quieter, mute, unmute, help,
            hello, hi, goodbye, bye, good night, good morning, lights off, lights on, snooze, quiet, undo, back,
            go on, go back
            """
        ),
        polite=_set("please, now please, for me, thanks, thank you"),
        particles=_set("on, off, up, down, out, over, back, away, around"),
        verbs=_set(
            """
            turn, turned, switch, switched, put, bring, set, shut, pull, roll, close, open, lock, power, come, go,
            call, is, are, was, were, isn't, aren't, leave, left, play, take, move, keep, fade, dim, start, log,
            pick
            """
        ),
        asking=_set("what, which, how, who, where, when, why, whose"),
        auxiliary=_set("do, does, did, can, could, should, shall, will, would, may, might, must, to"),
        verbal=_set("have, do, be"),
        prefaces=_set(
            """
            wait, wait a moment, wait a minute, wait a second, one moment, one second, just a moment,
            just a second, hold on, excuse me, listen, sorry, i'm sorry, i have a question, one more
            thing, by the way, is it true, is it possible, is it okay, is it right, did you know, do you think,
            i wonder, i was wondering
            """
        ),
        telling=_set("i, we, my, our, he, she, they, it, there, last, yesterday, when, if, because, sometimes, since"),
        wishing=_set("i want, i need, i would, i wish, we want, we need, we would"),
    ),
    "de": Endings(
        open=_set(
            """
            der, die, das, den, dem, des, ein, eine, einen, einem, einer, eines, mein, meine, meinen, meinem,
            meiner, dein, deine, deinen, sein, seine, ihr, ihre, unser, unsere, dieser, diese, dieses, diesen,
            jeder, jede, kein, und, oder, aber, weil, dass, wenn, ob, als, denn, sondern, bis, damit, sowie, plus,
            minus, mal, dann, für, von, vom, mit, in, im, ins, bei, beim, zum, zur, nach, aus dem, unter, über,
            zwischen, gegen, ohne, am, pro, seit, durch, um, wegen, neben, hinter, ist, sind, war, wird, kann,
            kannst, könntest, soll, will, möchte, hat, habe, hast, ich, wir, du, was, wer, wie, wo, wann, warum,
            welche, welcher, welches, wieso, wie viel, wie viele, wie lange, wie weit, wie spät, kannst du,
            könntest du, sag mir, zeig mir, gib mir, erinnere mich, weck mich, sehr, also, was ist, wer ist,
            wo ist, namens, ungefähr, noch, auf der
            """
        ),
        wanting=_set(
            """
            einen timer, einen wecker, eine erinnerung, den wecker, den timer, eine notiz, timer auf, wecker auf
            """
        ),
        numbers=_set(
            """
            eins, zwei, drei, vier, fünf, sechs, sieben, acht, neun, zehn, elf, zwölf, fünfzehn, zwanzig, dreißig,
            vierzig, fünfzig, sechzig, hundert, halb
            """
        ),
        closing=_set("ich will, ich kann, ich bin, spät ist, noch mal, stopp das"),
        either=_set(
            """
            ist das, ist dies, war das, das ist, es ist, lass das, heißt das, bedeutet das, geht das, macht das,
            kostet das, ist er, ist sie
            """
        ),
        spans=_set("für, auf, in"),
        whole=_set(
            """
            ja, nein, stopp, stop, halt, danke, weiter, nächstes, nächster titel, zurück, pause, abbrechen, egal,
            hallo, genau, okay, ok, nochmal, noch mal, lauter, leiser, tschüss, gute nacht, guten morgen, hilfe,
            ruhe, licht an, licht aus, vielen dank, wiederholen, doch, wie spät ist es
            """
        ),
        polite=_set("bitte, danke, bitte sehr, mal bitte"),
        particles=_set("an, aus, auf, ein, ab, zu, vor, hoch, runter, rauf, weg, nach, los, fort, um, durch"),
        verbs=_set(
            """
            mach, mache, macht, schalte, schalt, schaltet, dreh, drehe, stell, stelle, fahr, fahre, schließ,
            schließe, spiel, spiele, halt, halte, leg, lege, sperr, sperre, nimm, lies, ist, sind, war, geht, läuft,
            fängt, hört, kommt, steht, ruf, rufe, hör, knips, zieh, ziehe, gib
            """
        ),
        prefaces=_set(
            """
            warte, warte mal, warte kurz, moment, moment mal, einen moment, einen moment bitte,
            entschuldigung, hör mal, sorry, ich habe eine frage, noch etwas, übrigens
            """
        ),
        telling=_set(
            "ich, wir, mein, meine, unser, unsere, er, sie, es, gestern, letzte, letzten, letztes, wenn, weil, manchmal"
        ),
        wishing=_set("ich will, ich möchte, ich brauche, ich hätte, ich würde, wir wollen, wir möchten, wir brauchen"),
    ),
    "fr": Endings(
        open=_set(
            """
            le, la, les, l', un, une, des, du, de, d', au, aux, mon, ma, mes, ton, ta, tes, son, sa, ses, notre,
            nos, votre, vos, leur, leurs, ce, cet, cette, ces, chaque, quelque, quelques, plusieurs, de la, de l',
            et, ou, mais, parce que, que, qu', si, quand, comme, car, donc, puis, lorsque, plus, moins, fois, alors,
            pour, à, en, dans, sur, sous, avec, sans, chez, par, vers, entre, depuis, pendant, jusqu'à, jusque,
            contre, est, sont, était, suis, es, a, ai, ont, peux, peut, pourrais, veux, voudrais, dois, doit, fait,
            va, vas, je, j', tu, il, elle, nous, on, ils, quel, quelle, quels, quelles, qui, quoi, où, comment,
            pourquoi, combien, combien de, est-ce que, est ce que, qu'est-ce que, c'est, dis moi, montre moi,
            donne moi, s'il, rappelle moi, réveille moi, peux tu, pourrais tu, je veux, je voudrais, il y, très,
            environ, ne, n'
            """
        ),
        wanting=_set("un minuteur, une minuterie, une alarme, un rappel, le minuteur, un réveil, une note"),
        numbers=_set(
            """
            deux, trois, quatre, cinq, six, sept, huit, neuf, dix, onze, douze, quinze, vingt, trente, quarante,
            cinquante, soixante, cent
            """
        ),
        closing=_set(
            """
            c'est où, c'est qui, c'est quoi, est il, est elle, sont ils, fait il, il est, elle est, ça va, il fait,
            vas tu, en plus, de plus, de moins, en moins, encore plus
            """
        ),
        either=_set(
            """
            où est, je veux, tu veux, à quoi, avec qui, pour qui, y a, tu fais
            """
        ),
        spans=_set("de, pour, dans"),
        whole=_set(
            """
            oui, non, stop, arrête, merci, suivant, suivante, précédent, pause, continue, annule, laisse tomber,
            encore, d'accord, ok, okay, plus fort, moins fort, bonjour, bonsoir, bonne nuit, au revoir, salut, aide,
            silence, tais toi, ça suffit, reprends, répète, lecture, quelle heure est il
            """
        ),
        polite=_set("s'il te plaît, s'il vous plaît, s'il te plait, s'il vous plait, merci, stp"),
        prefaces=_set(
            """
            attends, attendez, un moment, un instant, une seconde, excuse-moi, excusez-moi, pardon,
            écoute, désolé, j'ai une question, au fait
            """
        ),
        telling=_set("je, j'ai, nous, mon, ma, mes, notre, nos, il, elle, ils, elles, hier, quand, si, parce, parfois"),
        wishing=_set("je veux, je voudrais, j'aimerais, nous voulons, nous voudrions, il faut"),
    ),
    "es": Endings(
        open=_set(
            """
            el, la, los, las, un, una, unos, unas, mi, mis, tu, tus, su, sus, nuestro, nuestra, este, esta, estos,
            estas, ese, esa, cada, algún, alguna, otro, otra, y, e, o, u, pero, porque, que, si, cuando, como,
            aunque, pues, entonces, más, menos, por, para, de, del, a, al, en, con, sin, sobre, entre, hasta, desde,
            hacia, según, durante, bajo, es, son, era, está, están, hay, ha, he, han, puedes, puede, podrías,
            quiero, quisiera, voy a, yo, nosotros, qué, quién, cuál, cuáles, dónde, cómo, cuándo, cuánto, cuánta,
            cuántos, cuántas, por qué, me puedes, dime, dame, muéstrame, recuérdame, despiértame, llama a, pon, muy,
            cerca de, lo, se, me, te, le, qué es, quién es, cuál es, dónde está, o sea, llamado, llamada,
            aproximadamente
            """
        ),
        wanting=_set("un temporizador, una alarma, un recordatorio, el temporizador, una nota, la alarma"),
        numbers=_set(
            """
            uno, dos, tres, cuatro, cinco, seis, siete, ocho, nueve, diez, once, doce, quince, veinte, treinta,
            cuarenta, cincuenta, sesenta, cien
            """
        ),
        closing=_set(
            """
            hora es, cómo está, cómo están, eso es, así es, no sé, qué más, algo más, nada más, uno más, poco más,
            vez más, no más, minutos más, qué tal, qué hay, ya está, de más, de menos
            """
        ),
        either=_set("todo esto, como este, como esta, para qué, de qué, con quién"),
        spans=_set("de, para, en, por, dentro de"),
        whole=_set(
            """
            sí, si, no, para, stop, basta, gracias, siguiente, anterior, pausa, continúa, sigue, cancela, cancelar,
            alto, vale, ok, okay, hola, adiós, buenas noches, buenos días, otra vez, ayuda, silencio, repite,
            más alto, más bajo, cállate, déjalo, muchas gracias, reanuda, qué hora es, y qué más
            """
        ),
        polite=_set("por favor, gracias"),
        prefaces=_set(
            """
            espera, espere, un momento, un segundo, perdona, perdón, disculpa, oye, escucha, tengo una
            pregunta, por cierto
            """
        ),
        telling=_set(
            "yo, nosotros, mi, mis, nuestro, nuestra, él, ella, ellos, ayer, cuando, si, porque, tengo, tenemos"
        ),
        wishing=_set("yo quiero, tengo que"),
    ),
    "it": Endings(
        open=_set(
            """
            il, lo, la, i, gli, le, l', un, uno, una, un', mio, mia, miei, mie, tuo, tua, suo, sua, nostro, nostra,
            questo, questa, questi, queste, quel, quella, ogni, qualche, alcuni, alcune, e, ed, o, ma, perché, che,
            se, quando, come, anche, quindi, allora, poi, più, meno, per, di, del, della, dello, dei, degli, delle,
            dell', a, al, alla, allo, ai, agli, alle, all', da, dal, dalla, dalle, dall', in, nel, nella, nello,
            nei, nelle, nell', con, su, sul, sulla, sullo, sui, sulle, sull', tra, fra, senza, sotto, sopra, fino,
            fino a, verso, circa, durante, d', è, sono, era, ho, hai, ha, hanno, puoi, può, potresti, voglio,
            vorrei, devo, io, noi, chi, cosa, quale, quali, qual, dove, quanto, quanta, quanti, quante, cos'è,
            qual è, chi è, dov'è, c'è, com'è, mi, ti, si, dimmi, dammi, mostrami, ricordami, svegliami, molto,
            metti, imposta, chiamato, chiamata, che cosa, che ore
            """
        ),
        wanting=_set("un timer, una sveglia, un promemoria, il timer, la sveglia, una nota"),
        numbers=_set(
            """
            due, tre, quattro, cinque, sei, sette, otto, nove, dieci, undici, dodici, quindici, venti, trenta,
            quaranta, cinquanta, sessanta, cento, mezz'
            """
        ),
        closing=_set("ore sono, ora è, cosa è, così è, di più, di meno, in più, un po'"),
        either=_set(
            """
            dove sei, dove sono, chi sono, con chi, di chi, per chi, da dove, a cosa, cos'è questo, cos'è questa,
            come questo, come questa, tutti questi
            """
        ),
        spans=_set("di, per, tra, fra"),
        whole=_set(
            """
            sì, si, no, stop, basta, ferma, fermati, grazie, prossima, prossimo, successiva, precedente, pausa,
            continua, annulla, lascia stare, ancora, ok, okay, va bene, ciao, buonanotte, buongiorno, aiuto,
            silenzio, ripeti, più forte, più piano, riprendi, zitto, indietro, avanti, che ore sono
            """
        ),
        polite=_set("per favore, per piacere, grazie"),
        prefaces=_set(
            """
            aspetta, aspetti, un momento, un attimo, un secondo, scusa, scusami, senti, ascolta, ho una
            domanda, a proposito
            """
        ),
        telling=_set("io, noi, mio, mia, nostro, lui, lei, loro, ieri, quando, se, perché, ho, abbiamo"),
        wishing=_set("io voglio, io vorrei, ho bisogno"),
    ),
    "nl": Endings(
        open=_set(
            """
            de, het, een, mijn, m'n, jouw, je, zijn, haar, ons, onze, hun, deze, dit, elke, elk, iedere, geen, die,
            welke, en, of, maar, omdat, dat, als, wanneer, want, terwijl, dus, dan, plus, min, keer, om, ook, voor,
            van, in, met, bij, naar, tot, tussen, over, onder, door, zonder, tegen, sinds, per, te, ter, vanaf, is,
            was, waren, wordt, kan, kun, kunt, kunnen, zou, wil, moet, heb, heeft, hebben, mag, ik, wij, we, wat,
            wie, waar, hoe, waarom, hoeveel, hoe lang, hoe laat, hoe ver, wat is, wie is, waar is, kun je, kan je,
            wil je, zou je, vertel me, laat me, geef me, herinner me, herinner mij, maak me, erg, heel, ongeveer,
            genaamd, zet
            """
        ),
        wanting=_set(
            """
            een timer, een wekker, een herinnering, de timer, de wekker, een notitie, timer op, wekker op
            """
        ),
        numbers=_set(
            """
            een, twee, drie, vier, vijf, zes, zeven, acht, negen, tien, elf, twaalf, vijftien, twintig, dertig,
            veertig, vijftig, zestig, honderd, half
            """
        ),
        closing=_set("is het, was het, het is, stop dat, kost het, doet het, ik ben, ik wil, ik kan, en dan"),
        either=_set("is dat, is dit, was dat, dat is, betekent dat, kan dat, klopt dat, kost dat, doe dat"),
        spans=_set("van, voor, over, op"),
        whole=_set(
            """
            ja, nee, stop, dank je, dankjewel, bedankt, volgende, vorige, pauze, ga door, annuleer, laat maar,
            nog een keer, oké, ok, okay, hallo, hoi, doei, welterusten, goedemorgen, help, stil, harder, zachter,
            herhaal, hervat, licht aan, licht uit, genoeg, hou op, verder, hoe laat is het
            """
        ),
        polite=_set("alsjeblieft, alstublieft, graag, bedankt, dank je"),
        particles=_set("aan, uit, op, af, toe, dicht, open, omhoog, omlaag, terug, weg, mee, vast, los, door"),
        verbs=_set(
            """
            doe, zet, schakel, draai, maak, speel, sluit, hang, haal, neem, bel, hou, houd, is, zijn, staat, staan,
            gaat, ga, start, dim, breng, ruim, trek, was
            """
        ),
        prefaces=_set(
            """
            wacht, wacht even, een moment, momentje, even wachten, sorry, luister, ik heb een vraag, nog
            iets, trouwens
            """
        ),
        telling=_set("ik, wij, we, mijn, ons, onze, hij, zij, gisteren, vorige, als, omdat, soms"),
        wishing=_set("ik wil, ik zou, ik heb, we willen, wij willen"),
    ),
}
