"""By what words sentences are marked, by language."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["TABLES", "Table"]


@dataclass(frozen=True, slots=True)
class Table:
    """One language. Words are separated by blanks, synonyms by `|`; a `*` stands for any ending."""

    exact: str
    """Words of which each is a mark of its own."""
    sense: str
    """Words of which one says another thing than the next."""
    particle: str
    """Words that say which way it goes, unless an article follows: "turn on the light", but "on the list"."""
    articles: str
    """What may follow a preposition."""
    verbs: str
    """What makes a particle of a preposition, although an article follows."""
    place: str
    """A regular expression of what stands before the name of a place."""
    numbers: str
    """Number words, from 0 on."""
    question: str
    """A regular expression of how questions begin."""
    request: str
    """A regular expression of how people ask politely for something: not a question."""
    tells: str
    """A regular expression of what tells how things are, and asks for nothing."""


TABLES: Mapping[str, Table] = {
    "en": Table(
        exact="""
            not|don't|doesn't|never|no|without|nothing|stop|didn't|isn't all|every|everything|everywhere both and
            only except|but why if|when|unless|while|until|after|before today tomorrow yesterday morning noon|midday
            afternoon evening|tonight|night midnight weekend monday* tuesday* wednesday* thursday* friday* saturday*
            sunday* second|seconds minute|minutes hour|hours day|days week|weeks month|months year|years
            degree|degrees percent half quarter first third last next previous am|a.m pm|p.m twice again or red green
            blue yellow white orange purple pink
        """,
        sense="""
            off|out|kill*|disable*|deactivate* up|raise*|increase*|louder|brighter|higher|warmer|hotter|more
            down|lower*|decrease*|reduce*|quieter|dim*|darker|colder|cooler|less|fewer open*|opened
            close*|shut|closed unlock* lock|locked start*|begin|resume*|continue* pause*
            cancel*|stop*|delete*|remove*|clear|erase add|put|append set|create mute* unmute* play light*|lamp*
            fan|fans blind*|shutter*|curtain* door* window* heat*|thermostat|temperature timer* alarm*
            reminder*|remind list* music|song|radio volume|sound weather date time|late tv|television joke* calendar
        """,
        particle="on",
        articles="the my our your a an this that his her their its it",
        verbs="turn turned switch switched flick power",
        place=r"(?:in|at|from) (?:the |my |our )?",
        numbers="""
            zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
            seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four twenty-five thirty
            forty fifty sixty seventy eighty ninety hundred thousand
        """,
        question=(
            r"(what|what's|who|who's|whose|which|where|when|why|how|is|are|was|were|am|do|does|did|has|have|had|"
            r"should|may|might|shall|tell me|do you know|i wonder)\b"
        ),
        request=(
            r"(can|could|would|will|won't) (you|we|i|someone|somebody)( please| kindly| just| have| get| mind)*|"
            r"i (want|need|would like)( you)?( to)?( have)?|i'd like( you)?( to)?( have)?"
        ),
        tells=r"(is|are|was|were|has|have|had|will|said|says|i|i'm|i've|we|he|she|they)",
    ),
    "de": Table(
        exact="""
            nicht|kein*|nie|niemals|ohne|nichts alle|alles|jede|jeder|jedes|überall beide und nur|bloß außer
            warum|wieso|weshalb wenn|falls|sobald|während|bis|nachdem|bevor
            heute morgen|früh gestern mittag* nachmittag* abend*
            nacht|nachts mitternacht wochenende montag* dienstag* mittwoch* donnerstag* freitag* samstag* sonntag*
            sekunde* minute* stunde* tag|tage|tagen woche* monat* jahr* grad prozent halb|halbe|halben viertel erste*
            dritte* letzte* nächste* vorige* oder rot* grün* blau* gelb* weiß* orange lila
        """,
        sense="""
            aus|aus*schalt*|ausschalt*|ausmach*|deaktivier*|lösch* einschalt*|anschalt*|anmach*|aktivier*|anzünd*
            hoch|höher|lauter|heller|wärmer|mehr|erhöh*
            runter|herunter|niedriger|leiser|dunkler|kälter|weniger|verringer*|reduzier*|dimm* öffne*|aufmach*
            schließ*|zumach* entsperr*|aufschließ*|aufsperr* verriegel*|abschließ*|absperr*|zusperr*
            start*|beginn*|fortsetz*|weiter pausier*|pause|anhalt* abbrech*|brich|stopp*|entfern*|lösche|streich*
            füge|setz|setze|schreib*|hinzu* stell|stelle stumm* spiel* licht|lichter|lampe*|leuchte*|beleuchtung
            ventilator* rollo*|jalousie*|rollladen*|rollläden|vorhang|vorhänge tür* fenster* heizung|temperatur
            timer|kurzzeitwecker wecker|alarm erinner* liste*|*liste musik|lied|radio lautstärke|ton wetter datum
            uhrzeit|uhr|spät fernseh* witz* kalender*
        """,
        particle="an ein auf zu",
        articles="""
            der die das den dem des einer eine einen einem meine meiner meinem meinen unser unserer dir mir ein
        """,
        verbs="",
        place=r"(?:im|in|am|vom|aus) (?:der |dem |den |die |meinem |meiner )?",
        numbers="""
            null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn
            siebzehn achtzehn neunzehn zwanzig einundzwanzig zweiundzwanzig dreiundzwanzig vierundzwanzig
            fünfundzwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend
        """,
        question=(
            r"(was|wer|wessen|welch\w*|wo|wann|warum|wieso|weshalb|wie|ist|sind|war|waren|hat|hast|haben|habt|"
            r"brennt|läuft|steht|sag mir|weißt du)\b"
        ),
        request=(
            r"(kannst|könntest|würdest|magst|möchtest) du( bitte| mal| mir)*|ich (möchte|will|"
            r"hätte gern\w*)( dass)?"
        ),
        tells=r"(ist|sind|war|waren|hat|hast|haben|hatte|wird|sagt|sagte|ich|wir|er)",
    ),
    "fr": Table(
        exact="""
            pas|ne|n|jamais|rien|aucun*|sans pourquoi tout|toute|tous|toutes|partout chaque et seulement sauf
            si|quand|lorsque|pendant|jusqu|après|avant aujourd|demain|hier matin midi après-midi soir|nuit minuit
            week lundi* mardi* mercredi* jeudi* vendredi* samedi* dimanche* seconde* minute* heure* jour|jours
            semaine* mois an|ans|année* degré* pour demi* quart* premier*|première* troisième* dernier*|dernière*
            prochain* précédent* ou rouge* vert* bleu* jaune* blanc* orange violet*
        """,
        sense="""
            allume*|rallume* éteins|éteindre|éteint*|éteignez|coupe* active*|activer désactive* monte*|augmente*|plus
            fort|hausse* baisse*|diminue*|moins|réduis|réduire|tamise* ouvre*|ouvrir ferme* déverrouille* verrouille*
            démarre*|lance*|commence*|reprend*|continue* pause* annule*|arrête*|supprime*|enlève*|retire*|efface*
            ajoute*|mets|mettre|met règle*|programme*|crée* muet* joue* lumière*|lampe*|éclairage ventilateur*
            volet*|store*|rideau* porte* fenêtre* chauffage|température|thermostat minuteur*|minuterie*
            réveil*|alarme* rappel* liste* musique|chanson|radio volume|son météo|temps date télé* blague* calendrier
        """,
        particle="",
        articles="",
        verbs="",
        place=r"(?:dans|au|de|du|à) (?:la |le |les |l'|ma |mon )?",
        numbers="""
            zéro un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize
            dix-sept dix-huit dix-neuf vingt vingt-et-un vingt-deux vingt-trois vingt-quatre vingt-cinq trente
            quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix cent mille
        """,
        question=r"(qu|que|quoi|qui|quel\w*|où|quand|pourquoi|comment|combien|est ce|est|sont|dis moi|sais tu)\b",
        request=(
            r"((peux|pourrais|veux|voudrais) tu|tu (peux|pourrais|veux|voudrais)|(pouvez|pourriez) vous)( me|"
            r" bien)*|je (veux|voudrais)"
        ),
        tells=r"(est|sont|était|étaient|ont|sera|dit|je|j'\w+|nous|il|elle|ils)",
    ),
    "es": Table(
        exact="""
            no|nunca|jamás|nada|ningún*|ninguna|sin todo|toda|todos|todas cada ambos|ambas y
            solo|sólo|solamente|excepto|salvo si|cuando|mientras|hasta|después|antes hoy mañana ayer mediodía tarde
            noche medianoche fin lunes martes miércoles jueves viernes sábado* domingo* segundo|segundos minuto*
            hora|horas día* semana* mes|meses año* grado* ciento medi* cuarto* primer* tercer* últim* próxim*
            anterior* o roj* verd* azul* amarill* blanc* naranja morad*
        """,
        sense="""
            encend*|enciend*|prend* apag* activa*|activ* desactiva* sub|sube*|subir|aument*|más
            baja*|bajar|reduc*|dismin*|menos|atenú* abre*|abrir cierra*|cerrar desbloque* bloque*
            inici*|empiez*|comienz*|continú*|reanud* paus* cancel*|para|detén|quita*|borra*|elimin*
            añad*|agreg*|apunt* pon* silenci* reproduc* luz|luces|lámpara*|bombilla* ventilador* persiana*|cortina*
            puerta* ventana* calefacción|temperatura|termostato temporizador* alarma*|despertador*
            recordatorio*|recuérd* lista* música|canción|radio volumen|sonido tiempo|clima fecha tele* chiste*
            calendario
        """,
        particle="",
        articles="",
        verbs="",
        place=r"(?:en|del|de|a) (?:el |la |los |las |mi )?",
        numbers="""
            cero un|uno|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis
            diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco treinta
            cuarenta cincuenta sesenta setenta ochenta noventa cien mil
        """,
        question=r"(qué|quién|quien|cuál\w*|cuánt\w*|dónde|cuándo|cómo|por qué|es|está|están|hay|dime|sabes)\b",
        request=r"((me )?(puedes|podrías|quieres|querrías)|te importaría)( por favor)?|(yo )?(quiero|quisiera)",
        tells=r"(es|está|están|era|estaba|he|ha|has|han|hemos|será|dijo|dice|hay|yo|nosotros|él|ella)",
    ),
}
"""By main tag."""
