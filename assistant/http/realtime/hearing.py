"""Follow one utterance in the sound that a client sends, as a microphone's is followed, and draft the answer to it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

from assistant.audio import AudioChunk
from assistant.http.realtime.buffer import Buffer
from assistant.http.realtime.settings import SemanticVad, ServerVad, endpoint_of
from assistant.pipeline.certainty import Certainty
from assistant.pipeline.draft import Draft, Drafts
from assistant.pipeline.endpoint import Ended, Endpoint, Paused, Resumed, SpeechStarted
from assistant.pipeline.hear import hear
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import LEAD_IN, Utterance

__all__ = ["utterance"]

_TAIL = 0.3
"""Seconds after an utterance that the recogniser gets to hear: it does worse where a word is cut off."""
_LEAD = 0.8
"""Seconds before the first voiced frame that the recogniser gets to hear, even where the client is told of fewer: over
a telephone the first word is often not heard as a voice."""
_QUIET = 2.0
"""Seconds of sound that are kept beside the lead-in while nobody speaks."""


async def utterance(
    turn: Turn,
    buffer: Buffer,
    vad: str,
    detection: ServerVad | SemanticVad,
    drafts: Drafts,
    started: Callable[[float], Awaitable[None]],
) -> Draft:
    """Return the committed draft of the answer to the next utterance; *started* is told when somebody speaks.

    All times are in seconds on the clock of the audio. Raises what the detector raises.
    """
    asked = LEAD_IN
    if isinstance(detection, ServerVad) and detection.prefix_padding_ms is not None:
        asked = detection.prefix_padding_ms / 1000
    lead = max(asked, _LEAD)
    after, chunks = buffer.end - buffer.seconds, list[AudioChunk]()
    endpoint = Endpoint(endpoint_of(detection, turn.config.endpoint), after)
    began: float | None = None
    async with turn.equipment.pool.lease(vad, turn.priority) as engine, Certainty(turn, endpoint, chunks) as certainty:
        hearing = hear(buffer.stream(), engine, endpoint, after, turn.equipment.light)
        async with aclosing(hearing) as heard:
            async for piece in heard:
                chunks.append(piece.chunk)
                if began is None and chunks[0].end < piece.chunk.end - lead - _QUIET:
                    del chunks[0]
                for event in piece.events:
                    match event:
                        case SpeechStarted(at):
                            began = max(at - lead, chunks[0].timestamp)
                            await started(max(at - asked, chunks[0].timestamp))
                        case Paused(at) if began is not None:
                            draft = drafts.paused(_utterance(began, at, after, chunks))
                            if isinstance(detection, SemanticVad):
                                certainty.paused(at, draft)
                                if draft is not None:
                                    endpoint.hold(draft.advanced)
                        case Resumed():
                            drafts.resumed()
                            certainty.resumed()
                        case Ended(at) if began is not None:
                            turn.timeline.start(at)
                            return drafts.commit(_utterance(began, at, after, chunks))
    raise AssertionError("the sound of a client has no end")


def _utterance(began: float, ended: float, after: float, chunks: Sequence[AudioChunk]) -> Utterance:
    """Return what was heard: the speech, and the silence before it that the client wants heard as well."""
    sound = tuple(chunk for chunk in chunks if chunk.timestamp < ended + _TAIL)
    return Utterance(sound, began + LEAD_IN, ended, after)
