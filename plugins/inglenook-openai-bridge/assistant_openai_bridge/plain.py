"""Conversations for servers that know no tools, and one system message."""

from typing import Any

__all__ = ["plain"]


def plain(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages that have nothing but a role and words: instructions first, results of tools as said by the user.

    Of calls that a model with tools made nothing is left, and no role speaks twice running: templates of older models
    want them in turn.
    """
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    told: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "system" or not content:
            continue
        if role == "tool":
            role, content = "user", f"(Result: {content})"
        before = told[-1] if told else {}
        if before.get("role") == role and isinstance(before["content"], str) and isinstance(content, str):
            told[-1] = {"role": role, "content": f"{before['content']}\n\n{content}"}
        else:
            told.append({"role": role, "content": content})
    return told
