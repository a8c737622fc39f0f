"""What engines do with words: find what is alike, understand, and reply."""

from collections.abc import Mapping
from contextlib import aclosing

from assistant.chat import ChatDelta, ChatRequest, Done, TextDelta
from assistant.engines import Bounded, Chat, Embed, Intent
from assistant.entities import Vocabulary
from assistant.speech import Recognition
from assistant.testing.contracts.promises import check_wire, leave_at_once

__all__ = ["check_chat", "check_embed", "check_intent"]


async def check_embed(engine: Embed, text: str, alike: str, other: str) -> tuple[float, float]:
    """Check that *engine* finds *text* nearer to what is *alike* than to the *other*; return how near each is."""
    assert isinstance(engine, Embed)
    assert list(engine.embed([])) == []
    vectors = [list(vector) for vector in engine.embed([text, alike, other, text])]
    assert len(vectors) == 4 and len({len(vector) for vector in vectors}) == 1, "a vector of one size for each text"
    for vector in vectors:
        assert abs(sum(value * value for value in vector) - 1) < 1e-3, "a vector is not of unit length"
    assert vectors[0] == vectors[3], "one sentence lies in two places"
    near, far = (sum(map(float.__mul__, vectors[0], vector)) for vector in vectors[1:3])
    assert near > far, f"{alike!r} is as far as {other!r}: {near:.2f} and {far:.2f}"
    for odd in ("", " ", "?", "word " * 2000):
        assert len(next(iter(engine.embed([odd])))) == len(vectors[0]), f"{odd[:10]!r} has no place"
    if isinstance(engine, Bounded):
        assert engine.fits(text), f"{text!r} is too long"
    check_wire(vectors[0])
    return near, far


async def check_intent(
    engine: Intent, vocabulary: Vocabulary, sentences: Mapping[str, Recognition], incomplete: str, language: str = "en"
) -> None:
    """Check that *engine*, taught a *vocabulary*, understands *sentences*, and nothing in what makes no sense.

    Intent and slots must be as given; the engine may add slots. What is *incomplete* must be told from a sentence.
    """
    assert isinstance(engine, Intent)
    engine.teach(vocabulary)
    context = {"area": "", "device": "room"}
    for text, wanted in sentences.items():
        found = engine.recognise(text, language, context)
        assert found is not None and found.complete, f"{text!r} is not understood"
        assert found.intent == wanted.intent, f"{text!r} is {found.intent}, wanted {wanted.intent}"
        missed = {slot: value for slot, value in wanted.slots.items() if found.slots.get(slot) != value}
        assert not missed, f"{text!r} has the slots {dict(found.slots)}, wanted {missed}"
        assert all(isinstance(value, str) for value in found.slots.values()), "a slot is no text"
        assert engine.recognise(text, language, context) == found, "the same sentence is understood otherwise"
        assert isinstance(engine.phrase(found.intent, found.key, language, found.slots), str)
        check_wire(found)
    begun = engine.recognise(incomplete, language, context)
    assert begun is None or not begun.complete, f"{incomplete!r} is taken for a whole sentence"
    for nonsense in ("", " ", "?!", "word " * 500, "{name} [on", "\0"):
        said = engine.recognise(nonsense, language, context)
        assert said is None or not said.complete, f"{nonsense[:20]!r} is understood as {said}"
    assert engine.phrase("NoSuchIntent", "default", language, {}) == "", "there is a response to an unknown intent"
    text = next(iter(sentences))
    engine.teach(Vocabulary())
    engine.teach(vocabulary)
    again = engine.recognise(text, language, context)
    assert again is not None and again.intent == sentences[text].intent, "the engine cannot be taught twice"


async def check_chat(engine: Chat, request: ChatRequest) -> str:
    """Check that *engine* streams, ends in one Done, stops within a step when left, and can be used again."""
    assert isinstance(engine, Chat)
    check_wire(request)
    text = await _reply(engine, request)
    async with aclosing(engine.reply(request)) as deltas:
        async for _ in deltas:
            break
    await engine.warm(request)
    await leave_at_once(engine.reply(request))
    assert await _reply(engine, request), "the engine does not recover from a consumer that left"
    return text


async def _reply(engine: Chat, request: ChatRequest) -> str:
    deltas: list[ChatDelta] = []
    async with aclosing(engine.reply(request)) as reply:
        async for delta in reply:
            check_wire(delta)
            deltas.append(delta)
    assert deltas and isinstance(deltas[-1], Done), "the last delta is not Done"
    assert sum(isinstance(delta, Done) for delta in deltas) == 1, "more than one Done"
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
