"""docs/skills.md: every built-in skill, with its sentences in four languages."""

from tests.docs.skills import FILE, LANGUAGES, shown, skills, with_sentences

TEXT = FILE.read_text("utf-8")


def test_every_skill_is_in_the_documentation_once() -> None:
    assert sorted(shown(TEXT)) == sorted(skills())


def test_the_sentences_are_those_of_the_skills() -> None:
    assert with_sentences(TEXT) == TEXT, "run `python -m tests.docs.skills`"


def test_every_skill_has_sentences_in_every_language() -> None:
    for skill in skills().values():
        assert skill.examples.keys() == LANGUAGES.keys(), skill.name
        assert all(skill.examples.values()), skill.name
