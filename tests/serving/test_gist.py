"""What two questions have to share so that one answer may do for both; each pair that shall not is a trap."""

import pytest

from assistant.serving.gist import gist

SAME = [
    ("What is the capital of France?", "what is the capital of France"),
    ("What is the capital of France?", "Hello there! What's the capital of France, please?"),
    ("What is the capital of France?", "Could you please tell me the capital of France?"),
    ("What is the capital of France?", "tell me the capital of France."),
    ("Who wrote Hamlet?", "I'd like to know who wrote Hamlet."),
    ("Who wrote Hamlet?", "Hi, do you know who wrote Hamlet? Thanks!"),
    ("How do I boil an egg?", "What's the best way to boil an egg?"),
    ("How to boil an egg", "How can I boil an egg, please"),
    ("Explain the water cycle.", "Can you explain the water cycle?"),
    ("Write a haiku about rain", "Please write me a haiku about rain, thank you very much!"),
    ("Ist es sicher, rohe Eier zu essen?", "Hallo, ist es sicher, rohe Eier zu essen, bitte?"),
    ("Sag mir, wann der Krieg zu Ende war.", "Kannst du mir bitte sagen, wann der Krieg zu Ende war?"),
    ("Was ist die Hauptstadt von Chile?", "Sag mir die Hauptstadt von Chile!"),
    ("Quelle est la capitale du Chili ?", "Bonjour, quelle est la capitale du Chili, s'il vous plaît ?"),
    ("Dis-moi comment cuire un œuf", "Pourriez-vous me dire comment cuire un œuf ?"),
    ("¿Cuál es la capital de Chile?", "Hola, ¿puedes decirme cuál es la capital de Chile, por favor?"),
    ("Dime cómo se hace el pan", "Quisiera saber cómo se hace el pan, gracias"),
]

TRAPS = [
    # denied, or the contrary
    ("Is it safe to eat raw eggs?", "Is it unsafe to eat raw eggs?"),
    ("Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?"),
    ("Is it safe to eat raw eggs?", "Isn't it safe to eat raw eggs?"),
    ("Should I give the dog an aspirin?", "Shouldn't I give the dog an aspirin?"),
    ("Can you eat these berries?", "Can't you eat these berries?"),
    ("How do I turn the boiler on?", "How do I turn the boiler off?"),
    ("Is it legal to drive without a seat belt?", "Is it legal to drive with a seat belt?"),
    ("Ist es sicher, rohe Eier zu essen?", "Ist es nicht sicher, rohe Eier zu essen?"),
    ("Ist es sicher, rohe Eier zu essen?", "Ist es unsicher, rohe Eier zu essen?"),
    ("Wie schalte ich die Heizung ein?", "Wie schalte ich die Heizung aus?"),
    ("Darf ich mit Kind fliegen?", "Darf ich mit keinem Kind fliegen?"),
    ("Peut-on manger des œufs crus ?", "Ne peut-on pas manger des œufs crus ?"),
    ("Est-il possible de nager ici ?", "Est-il impossible de nager ici ?"),
    ("Comment est le four sans sel ?", "Comment est le four avec sel ?"),
    ("¿Es seguro comer huevos crudos?", "¿No es seguro comer huevos crudos?"),
    ("¿Es seguro comer huevos crudos?", "¿Es inseguro comer huevos crudos?"),
    ("¿Hay que tomar la pastilla con agua?", "¿Hay que tomar la pastilla sin agua?"),
    # numbers, signs, units
    ("Is 20 degrees too cold for a baby?", "Is 30 degrees too cold for a baby?"),
    ("Is twenty degrees too cold for a baby?", "Is thirty degrees too cold for a baby?"),
    ("What is 5 of them?", "What is -5 of them?"),
    ("What is the value of 1.5?", "What is the value of 15?"),
    ("What is the value of 5!", "What is the value of 5?"),
    ("What is the value of x²?", "What is the value of x2?"),
    ("What is 3+2 for?", "What is 3-2 for?"),
    ("How much is $5 in yen?", "How much is €5 in yen?"),
    ("Wie warm sind 20 Grad?", "Wie warm sind 30 Grad?"),
    ("Wie lange kocht ein Ei bei zwei Bar?", "Wie lange kocht ein Ei bei drei Bar?"),
    ("Combien font 20 degrés ?", "Combien font 30 degrés ?"),
    ("¿Cuánto es el 20 por ciento?", "¿Cuánto es el 30 por ciento?"),
    # names, case
    ("What is the capital of France?", "What is the capital of Spain?"),
    ("What is good in C?", "What is good in C++?"),
    ("Who are the WHO?", "Who are the who?"),
    ("How do I clean polish from the table?", "How do I clean Polish from the table?"),
    ("Who told us about it?", "Who told US about it?"),
    ("Wer ist Anna?", "Wer ist Hanna?"),
    ("Wo sind sie?", "Wo sind Sie?"),
    ("Où est Lyon ?", "Où est Lille ?"),
    ("¿Dónde está León?", "¿Dónde está el león?"),
    # who, when, which way, how many
    ("How do I convert dollars to euros?", "How do I convert euros to dollars?"),
    ("Does the dog bite the man?", "Does the man bite the dog?"),
    ("Is there a train from Bonn to Mainz?", "Is there a train to Bonn from Mainz?"),
    ("Who is the president of Peru?", "Who was the president of Peru?"),
    ("Who is the president of Peru?", "Where is the president of Peru?"),
    ("Do I need a visa for Peru?", "Do you need a visa for Peru?"),
    ("What is the time?", "What is time?"),
    ("Is a little wine bad for me?", "Is little wine bad for me?"),
    ("Who pays for the damage?", "Who pays for the damages?"),
    ("What is the war of all against all?", "What is the war of one against all?"),
    ("Can I take ibuprofen before the vaccine?", "Can I take ibuprofen after the vaccine?"),
    ("Wer schuldet dem Mieter Geld?", "Wem schuldet der Mieter Geld?"),
    ("Fahre ich von Bonn nach Mainz?", "Fahre ich von Mainz nach Bonn?"),
    ("Qui est le père de Luc ?", "De qui Luc est-il le père ?"),
    ("¿Quién es el padre de Luis?", "¿Quién era el padre de Luis?"),
    # asked, told, demanded
    ("It is safe to eat them.", "It is safe to eat them?"),
    ("Can you speak German?", "Speak German."),
    ("Can you swim in the Rhine?", "Do you swim in the Rhine?"),
    ("Is that the end of it", "Is that the end of it..."),
    ("Let us eat, grandma, what is there?", "Let us eat grandma, what is there?"),
    ("How do I please?", "How do I?"),
    ("How do I look?", "How to look?"),
    ("How do I feel in the morning?", "How to feel in the morning"),
    ("How do I give thanks?", "How do I give?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_how_a_question_is_put_makes_no_difference(one: str, other: str) -> None:
    assert gist(one) == gist(other) is not None


@pytest.mark.parametrize(("one", "other"), TRAPS)
def test_what_a_question_says_makes_one(one: str, other: str) -> None:
    first, second = gist(one), gist(other)
    assert first is None or first != second
    assert gist(f"Hello, {one}") is None or gist(f"Hello, {one}") != second


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "5 + 5",
        "Die!",
        "Jaka jest stolica Francji?",
        "What does this do?\n    return 1",
        "What does this do?\u2028return 1",
        "what is " + "long " * 60,
    ],
)
def test_what_is_no_short_question_in_a_known_language_can_be_put_one_way_only(text: str) -> None:
    assert gist(text) is None


def test_whatever_is_in_a_text_it_is_read_in_no_time() -> None:
    for text in (
        "please, " * 40,
        "thanks " * 40,
        "hi, " * 70,
        "?!" * 140,
        "what is " + "!" * 200 + "x",
        "\x00 the \x00",
    ):
        gist(text)
