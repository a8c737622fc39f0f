"""Listen for one question at one device, and draft its answer in the pauses."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from msgspec import structs

from assistant.audio import AudioChunk
from assistant.config.assistants import DeviceConfig, EndpointConfig
from assistant.events import EventType
from assistant.pipeline.certainty import Certainty
from assistant.pipeline.draft import Draft, Drafts
from assistant.pipeline.ears import Ears
from assistant.pipeline.endpoint import Ended, Endpoint, Paused, Resumed, SpeechStarted
from assistant.pipeline.foreground import Foreground
from assistant.pipeline.hear import hear
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import LEAD_IN, Utterance
from assistant.streams import patient

__all__ = ["DEAF", "Listening"]

_PREROLL = 1.6
"""Seconds before the detection that the recogniser gets to hear: the longest usual wake phrase, so that it is heard
whole and can be cut from the transcript, and so is what was said in one breath with it."""
_TAIL = 0.3
"""Seconds after an utterance that the recogniser gets to hear: it does worse where a word is cut off."""
DEAF = 4.5
"""Seconds without a chunk from the microphone after which it has failed."""


class Listening:
    """Hear one question of one turn, and commit to the draft of its answer."""

    def __init__(
        self, turn: Turn, device: DeviceConfig, microphone: Microphone, endpoint: EndpointConfig, drafts: Drafts
    ) -> None:
        self._turn = turn
        self._device = device
        self._microphone = microphone
        self._config = endpoint
        self._drafts = drafts

    async def question(self, begin: float) -> Draft | None:
        """Return the committed draft of the answer to what was said, or None where nobody said anything.

        Speech counts from *begin*, in seconds on the clock of the audio. Raises what the recogniser raised.
        """
        turn, wake, after = self._turn, self._turn.wake, begin
        deadline = after + self._config.nothing_said
        turn.publish(EventType.STT_START, model=Ears(turn, turn.expected).models[0])
        while after < deadline:
            config = structs.replace(self._config, nothing_said=max(1.0, deadline - after))
            draft = await self._follow(Utterance((), after, after, after, wake), config)
            if draft is None:
                return None
            if (await asyncio.shield(draft.transcript)).text:
                return draft
            wake, after = None, draft.end  # only the wake phrase was heard: the question is still to come
        return None

    async def _follow(self, utterance: Utterance, config: EndpointConfig) -> Draft | None:
        """Follow an utterance to its end, and commit to its draft; None where nobody speaks."""
        turn, drafts, after = self._turn, self._drafts, utterance.after
        endpoint, chunks = Endpoint(config, after), list[AudioChunk]()
        sound = self._microphone.since(after - (_PREROLL if utterance.wake else LEAD_IN))
        async with turn.equipment.pool.lease(self._device.vad) as vad, Certainty(turn, endpoint, chunks) as certainty:
            hearing = hear(sound, vad, endpoint, after, turn.equipment.light, Foreground())
            async with aclosing(patient(hearing, DEAF, "the microphone")) as heard:
                async for piece in heard:
                    chunks.append(piece.chunk)
                    for event in piece.events:
                        match event:
                            case SpeechStarted(at):
                                utterance = replace(utterance, began=at)
                                turn.publish(EventType.STT_VAD_START)
                            case Paused(at):
                                utterance = replace(utterance, chunks=_until(at, chunks), ended=at)
                                draft = drafts.paused(utterance)
                                certainty.paused(at, draft)
                                if draft is not None:
                                    endpoint.hold(draft.advanced)
                            case Resumed():
                                drafts.resumed()
                                certainty.resumed()
                            case Ended(_, "nothing"):
                                return None
                            case Ended(at, reason):
                                turn.timeline.start(at)
                                turn.timeline.mark("endpoint")
                                turn.certainty = certainty.complete
                                turn.publish(EventType.STT_VAD_END, reason=reason)
                                return drafts.commit(replace(utterance, chunks=_until(at, chunks), ended=at))
        return None


def _until(end: float, chunks: Sequence[AudioChunk]) -> tuple[AudioChunk, ...]:
    """Return the sound of an utterance and the beginning of the silence after it: others may speak later."""
    return tuple(chunk for chunk in chunks if chunk.timestamp < end + _TAIL)
