"""What a server says of its own interface, which most say without a key."""

from typing import Any

from assistant_openai_bridge.profile import Ask

__all__ = ["paths", "title"]


async def title(ask: Ask, page: str = "/openapi.json") -> str:
    """Return what a server calls its interface; empty where it does not say."""
    info = (await _described(ask, page)).get("info")
    name = info.get("title") if isinstance(info, dict) else None
    return name if isinstance(name, str) else ""


async def paths(ask: Ask, page: str = "/openapi.json") -> frozenset[str]:
    """Return the pages that a server has; none where it does not say."""
    pages = (await _described(ask, page)).get("paths")
    return frozenset(pages) if isinstance(pages, dict) else frozenset()


async def _described(ask: Ask, page: str) -> dict[str, Any]:
    described = await ask(page)
    return described if isinstance(described, dict) else {}
