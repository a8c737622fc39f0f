"""How the last answer came about: "why did you say that?", "how do you know that?"."""

from assistant.pipeline.conversation import Account, Conversations
from assistant.skill import Asked, Reply, Skill
from assistant.skills.words import SENTENCES

__all__ = ["why"]

_EXAMPLES = {
    "de": ("Warum hast du das gesagt?", "Woher weißt du das?"),
    "en": ("Why did you say that?", "How do you know that?"),
    "es": ("¿Por qué has dicho eso?", "¿Cómo lo sabes?"),
    "fr": ("Pourquoi as-tu dit ça ?", "Comment le sais-tu ?"),
}


def why(conversations: Conversations) -> Skill:
    """Return the skill."""

    def is_asked(asked: Asked) -> bool:
        """Tell whether the answer is asked about: a mere "why?" to a chat model is for the model."""
        account = conversations.account(asked.conversation)
        return "mere" not in asked.slots or (account is not None and not account.model)

    async def explain(asked: Asked) -> Reply:
        """Name the rung of the ladder that answered, and who stands on it."""
        account = conversations.account(asked.conversation)
        return Reply(key="unknown") if account is None else _told(account)

    return Skill(
        name="why",
        intents={"InglenookWhy": explain},
        reads=frozenset({"InglenookWhy"}),
        takes=is_asked,
        sentences=SENTENCES,
        examples=_EXAMPLES,
    )


def _told(account: Account) -> Reply:
    key = "tools" if account.tools else account.rung
    return Reply(
        key=key,
        facts={
            "sentence": account.text.strip(),
            "skill": account.skill,
            "model": account.model,
            "silent": ", ".join(account.instead_of),
            "tools": ", ".join(account.tools),
        },
    )
