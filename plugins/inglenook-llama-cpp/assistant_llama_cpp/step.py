"""A step of the thread that owns a model: requests join and leave, one batch is computed, each reply gains a token."""

import logging
import threading
import time

from assistant import AssistantError, ChatDelta, Done, EngineError, Priority, UnfitRequest, Usage
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.grammar import Grammar
from assistant_llama_cpp.job import Job, Outbox
from assistant_llama_cpp.likelihood import written_token
from assistant_llama_cpp.native import Entry, Model
from assistant_llama_cpp.pace import Pace
from assistant_llama_cpp.parked import Parked, Prefix
from assistant_llama_cpp.sampling import Sampler
from assistant_llama_cpp.saved import SavedPrefixes
from assistant_llama_cpp.scheduler import Scheduler
from assistant_llama_cpp.sequences import PrefixCache, Sequence

__all__ = ["Stepper"]

log = logging.getLogger(__name__)

Part = tuple[Job, list[int]]
"""What a step reads of a job."""


class Stepper:
    """Do what *scheduler* decides, which others may add to while they hold *changed*."""

    def __init__(
        self,
        config: LlamaConfig,
        model: Model,
        saved: SavedPrefixes,
        scheduler: Scheduler[Job],
        changed: threading.Condition,
    ) -> None:
        self._model = model
        self._saved = saved
        self._scheduler = scheduler
        self._changed = changed
        self._pace = Pace()
        self.cache = PrefixCache(config.slots + config.conversations, model.divisible)
        """What the sequences hold."""
        self._parked = Parked(config.memory_cache << 20, model.divisible)
        self._untold: set[Outbox] = set()

    def step(self) -> bool:
        """Let requests leave and join, and compute a batch; False where there was nothing to compute."""
        self._change()
        turns = self._scheduler.turns()
        if looking := next((job for job in turns if job.next_piece), None):
            self._look(looking)
            turns = [job for job in turns if job.sequence and job is not looking]  # it may have cost one its place
        began = time.perf_counter()
        parts = self._scheduler.parts(turns, self._pace.allowance)
        written = sum(job.writing for job, _ in parts)
        read = sum(len(words) for job, words in parts if not job.writing)
        if not parts or not self._decode(parts):
            return False
        self._pace.learn(time.perf_counter() - began, written, read)
        return True

    def rest(self) -> bool:
        """Put aside what an idle sequence holds, while there is nothing else to do; False where nothing is left."""
        idle = self.cache.resting()
        sequence = next((s for s in idle if self._parked.takes(self._model.state_size(s.id))), None)
        if sequence is None:
            return False
        if state := self._model.state(sequence.id):
            self._parked.keep(Prefix(sequence.tokens, sequence.conversation, state))
        self._model.clear(sequence.id)
        self.cache.forget(sequence)
        return True

    def tell(self) -> None:
        """Wake the readers of what was written.

        It is left for the moments before something long, which does not need the interpreter: readers that wake while
        this thread prepares the next step take it away from it, for a hundredth of the time that a token takes.
        """
        while self._untold:
            self._untold.pop().tell()

    def _tell_some(self) -> None:
        """Wake the readers for whom it is time."""
        for outbox in [outbox for outbox in self._untold if outbox.due]:
            self._untold.remove(outbox)
            outbox.tell()

    def close(self) -> None:
        """Free the samplers."""
        self.tell()
        with self._changed:
            for job in (*self._scheduler.active, *self._scheduler.waiting):
                job.close()

    def _change(self) -> None:
        """Let those leave that were given up, and those join for which there is a place."""
        for job in [job for job in (*self._scheduler.active, *self._scheduler.waiting) if job.cancelled]:
            self._leave(job)
        while arrived := self._next():
            self.tell()
            self._admit(arrived)

    def _next(self) -> Job | None:
        """Take the next that waits, if there is a place; whoever is less urgent may have to give up theirs."""
        with self._changed:
            leaving = self._scheduler.giving_way()
            if leaving is None:
                return None
            arrived = self._scheduler.begin()
            for job in leaving:
                self._pause(job)
            return arrived

    def _admit(self, job: Job) -> None:
        """Give a job a sequence that holds as much of its tokens as possible, and a sampler if it has none yet."""
        for other in [other for other in self._scheduler.active if other is not job and not other.limit]:
            if other.conversation == job.conversation:
                self._finish(other, "stop")  # it was warming what this one goes on with
        claim = self.cache.claim(job.tokens, job.conversation)
        job.sequence = sequence = claim.sequence
        if (found := self._parked.find(job.tokens)) and found[1] > claim.cached:
            self._unpark(sequence, *found)
        elif claim.source is not sequence:
            self._model.clear(sequence.id)
            self._model.copy(claim.source.id, sequence.id, claim.cached)
        elif not self._model.cut(sequence.id, claim.cached):
            self._model.clear(sequence.id)
            sequence.tokens = []
        if claim.cached < job.static:
            self._restore(sequence, job.tokens[: job.static])
        job.begun = len(sequence.tokens)
        if job.sampler is None:
            job.sampler, job.cached = Sampler(self._model, job.sampling, job.grammar), job.begun
        if not job.limit and len(sequence.tokens) == len(job.tokens):
            self._finish(job, "stop")  # it only had to be restored

    def _unpark(self, sequence: Sequence, prefix: Prefix, count: int) -> None:
        """Let a sequence hold the first *count* tokens of a prefix that was put aside."""
        self._model.clear(sequence.id)
        whole = count == len(prefix.tokens)  # of some models nothing can be cut
        if self._model.restore(sequence.id, prefix.state) and (whole or self._model.cut(sequence.id, count)):
            sequence.tokens = prefix.tokens[:count]
            if prefix.conversation != sequence.conversation:
                return  # it only begins alike
        else:
            self._model.clear(sequence.id)
            sequence.tokens = []
        self._parked.drop(prefix)

    def _restore(self, sequence: Sequence, static: list[int]) -> None:
        """Take the static part of a prompt, which no sequence holds, from the disk."""
        if (state := self._saved.load(static)) is None:
            return
        if self._model.restore(sequence.id, state):
            sequence.tokens = static
        else:
            sequence.tokens = []
            self._saved.discard(static)

    def _save(self, sequence: Sequence) -> None:
        """Save a static prompt that was just read."""
        if self._saved.wants(sequence.tokens, self._model.state_size(sequence.id)):
            self.tell()
            self._saved.save(sequence.tokens, self._model.state(sequence.id))

    def _look(self, job: Job) -> None:
        """Read the next piece of an image; the others wait for it."""
        sequence, piece = job.sequence, job.next_piece
        assert sequence and piece
        held = len(sequence.tokens)
        self.tell()
        try:
            code = self._model.look(piece, held, sequence.id)
        except EngineError as error:
            self._fail(job, error)
            return
        if not code:
            sequence.tokens += [piece.number] * piece.length
        elif not self._model.cut(sequence.id, held):  # of a large piece some may have been read
            self._fail(job, _failure(code))
        else:
            self._refused(code, [job])

    def _decode(self, parts: list[Part]) -> bool:
        """Compute a batch and let each reply in it gain a token; False where it could not be computed."""
        entries: list[Entry] = []
        last: list[int] = []
        for job, words in parts:
            assert job.sequence
            start = len(job.sequence.tokens)
            entries += [(token, start + n, job.sequence.id, False) for n, token in enumerate(words)]
            if job.limit and start + len(words) == len(job.tokens):
                entries[-1] = (*entries[-1][:3], True)
            last.append(len(entries) - 1)
        self._model.load(entries, aloud=any(job.priority == Priority.VOICE for job, _ in parts))
        if len(entries) > len(parts):
            self.tell()  # a prompt is read, which takes long
        else:
            self._tell_some()
        if code := self._model.decode():
            self._refused(code, [job for job, _ in parts])
            return False
        for (job, words), entry in zip(parts, last, strict=True):
            self._advance(job, words, entry)
        return True

    def _refused(self, code: int, jobs: list[Job]) -> None:
        """Make room where that is what *jobs* lacked, so that the next step tries again; else they fail."""
        if code != 1:
            for job in jobs:
                self._fail(job, _failure(code))
        elif idle := self.cache.evict():
            self._model.clear(idle.id)
        elif crowded := self._scheduler.crowded():
            self._pause(crowded)
        else:
            self._fail(jobs[0], _failure(code))  # it is alone

    def _advance(self, job: Job, words: list[int], entry: int) -> None:
        """Account for what was read, and write the next token where the prompt is read to its end."""
        assert job.sequence
        job.sequence.tokens += words
        if len(job.sequence.tokens) < len(job.tokens):
            return
        if not job.limit:
            if job.static == len(job.tokens):
                self._save(job.sequence)
            self._finish(job, "stop")
            return
        try:
            self._write(job, entry)
        except AssistantError as error:
            self._fail(job, error)
        except Exception as failure:
            log.exception("a reply failed")
            self._fail(job, EngineError(f"the reply failed: {failure}", hint="the log has the details"))

    def _write(self, job: Job, entry: int) -> None:
        assert job.sampler
        token = job.sampler.sample(entry)
        if token is None or self._model.vocabulary.ends_reply(token):
            self._finish(job, "stop")
            return
        if job.logprobs is not None:
            vocabulary = self._model.vocabulary
            job.untold.append(written_token(self._model.logits(entry), token, job.logprobs, vocabulary))
        job.tokens.append(token)
        self._put(job, *job.told(job.output.push(self._model.vocabulary.piece(token))))
        if job.call_grammar:
            self._hold_call(job.sampler, job, job.call_grammar)
        if job.output.stopped:
            self._finish(job, "stop")
        elif job.written >= job.limit:
            self._finish(job, "length")

    def _hold_call(self, sampler: Sampler, job: Job, grammar: Grammar) -> None:
        """Hold the reply to the grammar of a call while it is within one."""
        inside = job.output.inside_call
        if inside is None:
            sampler.let_go()
        elif not sampler.held and not sampler.hold(grammar, inside):
            job.call_grammar = None  # what is written already fits no call: it is read as it comes

    def _finish(self, job: Job, reason: str) -> None:
        deltas = job.told(job.output.end(complete=reason == "stop"))
        usage = Usage(job.prompt, job.cached, job.written)
        self._put(job, *deltas, Done("tool_calls" if job.output.called else reason, usage))  # type: ignore[arg-type]
        self._leave(job)

    def _put(self, job: Job, *items: ChatDelta | AssistantError) -> None:
        job.outbox.put(*items)
        self._untold.add(job.outbox)

    def _fail(self, job: Job, error: AssistantError) -> None:
        sequence = job.sequence
        self._put(job, error)
        self._leave(job)
        if sequence:
            self._model.clear(sequence.id)
            self.cache.forget(sequence)

    def _pause(self, job: Job) -> None:
        """Take the place of a job; what the sequence holds stays until the room is needed."""
        with self._changed:
            self._scheduler.pause(job)
        self._release(job)

    def _leave(self, job: Job) -> None:
        """Free the place; what the sequence holds stays for the next turn."""
        with self._changed:
            self._scheduler.leave(job)
        self._release(job)
        job.close()

    def _release(self, job: Job) -> None:
        if job.sequence:
            self.cache.release(job.sequence)
            job.sequence = None


def _failure(code: int) -> EngineError:
    hint = "raise `context`, or start a new conversation"
    if code == 1:
        return UnfitRequest("the context is full", hint=hint)
    return EngineError(f"llama.cpp failed to compute (code {code})", hint=hint)
