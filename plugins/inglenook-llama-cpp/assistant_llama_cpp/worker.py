"""The thread that owns a model: reads prompts and writes replies, all of them in one batch a step.

Between two steps requests join and leave. A step reads the newest token of each reply that is being written, and as
much of the waiting prompts as fits, the most urgent first (continuous batching; Orca, Yu et al., OSDI 2022).
"""

import logging
import threading
from bisect import insort
from contextlib import closing
from pathlib import Path

from assistant import AssistantError, Done, EngineError, EngineUnavailable, Usage, cache_folder
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.grammar import Grammar
from assistant_llama_cpp.job import Job
from assistant_llama_cpp.native import Entry, Model, loaded, settings
from assistant_llama_cpp.sampling import Sampler
from assistant_llama_cpp.saved import SavedPrefixes, fingerprint
from assistant_llama_cpp.sequences import PrefixCache, Sequence

__all__ = ["Worker"]

log = logging.getLogger(__name__)


class Worker:
    """Run the thread. `start`, `submit`, `cancel`, `wake` and `close` may be called from any other."""

    def __init__(self, config: LlamaConfig) -> None:
        self._config = config
        self._thread = threading.Thread(target=self._run, name=f"llama-cpp {config.model}", daemon=True)
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._arrivals = 0
        self._active: dict[Job, Sampler] = {}
        self._closing = False
        self._loaded = threading.Event()
        self._failure: AssistantError | None = None
        self._model: Model | None = None

    def start(self) -> Model:
        """Load the model and return it once it is there; blocks. Raises ModelError."""
        self._thread.start()
        self._loaded.wait()
        if self._failure:
            raise self._failure
        assert self._model
        return self._model

    def submit(self, job: Job) -> None:
        """Let a job wait for its turn; raises EngineError where too many wait already."""
        with self._changed:
            if self._closing:
                raise EngineUnavailable("the model is closed", hint="open it again")
            if len(self._waiting) + len(self._active) >= self._config.slots + self._config.queue:
                raise EngineError(
                    f"the model is busy: {len(self._waiting)} requests wait already",
                    hint="try again later, or raise `queue` or `slots` in its configuration",
                )
            self._arrivals += 1
            job.order = self._arrivals
            insort(self._waiting, job, key=lambda waiting: waiting.rank)
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Take a job back; one that is being written ends before the next step, and what was read stays cached."""
        with self._changed:
            job.cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
            self._changed.notify()

    def wake(self) -> None:
        """Look again whether there is something to do."""
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """End the thread after its current step and free the model; blocks."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        error: AssistantError = EngineUnavailable("the model was closed before the reply was complete")
        try:
            with loaded(self._config) as self._model, closing(self._model):
                self._cache = PrefixCache(self._config.slots + self._config.conversations, self._model.divisible)
                with closing(_saved(self._config)) as self._saved:
                    self._loaded.set()
                    try:
                        while self._await_work():
                            self._step(self._model)
                    finally:
                        for sampler in self._active.values():
                            sampler.close()
        except AssistantError as failure:
            error = failure
        except Exception as failure:
            log.exception("the thread of %s failed", self._config.model)
            error = EngineError(f"the engine failed: {failure}", hint="the log has the details")
        finally:
            with self._changed:
                self._closing = True
                self._failure = error
            for job in [*self._active, *self._waiting]:
                job.outbox.put(error)
            self._active, self._waiting, self._model = {}, [], None
            self._loaded.set()

    def _await_work(self) -> bool:
        """Wait until there is something to do; False once the engine is being closed."""
        with self._changed:
            self._changed.wait_for(self._has_work)
            return not self._closing

    def _has_work(self) -> bool:
        return (
            self._closing
            or self._next_waiting() is not None
            or any(job.cancelled or not job.outbox.full for job in self._active)
        )

    def _next_waiting(self) -> Job | None:
        """Return the first job that waits, if there is a slot and room for it."""
        if not self._waiting or len(self._active) >= self._config.slots:
            return None
        taken = sum(job.room for job in self._active)
        return self._waiting[0] if taken + self._waiting[0].room <= self._config.context else None

    def _step(self, model: Model) -> None:
        for job in [job for job in self._active if job.cancelled]:
            self._leave(job)
        while arrived := self._take():
            self._admit(model, arrived)
        for job in [job for job in self._active if job.next_piece and not job.outbox.full]:
            self._look(model, job)
        entries, parts = self._compose()
        if entries and self._decode(model, entries):
            for job, count, entry in parts:
                self._advance(model, job, count, entry)

    def _take(self) -> Job | None:
        with self._changed:
            job = self._next_waiting()
            if job:
                self._waiting.remove(job)
            return job

    def _admit(self, model: Model, job: Job) -> None:
        """Give a job a slot: a sequence that holds as much of its prompt as possible, and a sampler."""
        for warming in [other for other in self._active if not other.limit and other.conversation == job.conversation]:
            self._finish(warming, "stop")  # this one goes on where the warming has come to
        sampler = Sampler(model, job.sampling, job.grammar)
        claim = self._cache.claim(job.tokens, job.conversation)
        sequence = claim.sequence
        if claim.source is not sequence:
            model.clear(sequence.id)
            model.copy(claim.source.id, sequence.id, claim.cached)
        elif not model.cut(sequence.id, claim.cached):
            model.clear(sequence.id)
            sequence.tokens = []
        if claim.cached < job.static:
            self._restore(model, sequence, job.tokens[: job.static])
        job.sequence, job.cached = sequence, claim.cached
        self._active[job] = sampler
        if not job.limit and job.cached == len(job.tokens):
            self._finish(job, "stop")  # it only had to be restored

    def _restore(self, model: Model, sequence: Sequence, static: list[int]) -> None:
        """Take the static part of a prompt, which no sequence holds, from the disk."""
        if (state := self._saved.load(static)) is None:
            return
        if model.restore(sequence.id, state):
            sequence.tokens = static
        else:
            sequence.tokens = []
            self._saved.discard(static)

    def _save(self, model: Model, sequence: Sequence) -> None:
        """Save a static prompt that was just read."""
        if self._saved.wants(sequence.tokens, model.state_size(sequence.id)):
            self._saved.save(sequence.tokens, model.state(sequence.id))

    def _look(self, model: Model, job: Job) -> None:
        """Read the next piece of an image; the others wait for it. Where the cache is full, old prefixes go."""
        sequence, piece = job.sequence, job.next_piece
        assert sequence and piece
        held = len(sequence.tokens)
        try:
            while (code := model.look(piece, held, sequence.id)) == 1 and (idle := self._cache.evict()):
                model.clear(idle.id)
                if not model.cut(sequence.id, held):  # of a large piece some may have been read
                    break
        except EngineError as error:
            self._fail(model, job, error)
            return
        if code:
            reason = "the context is full" if code == 1 else f"llama.cpp failed to read an image (code {code})"
            self._fail(model, job, EngineError(reason, hint="raise `context`, or start a new conversation"))
            return
        sequence.tokens += [piece.number] * piece.length

    def _compose(self) -> tuple[list[Entry], list[tuple[Job, int, int]]]:
        """Choose what the next step reads: the batch, and for each job in it how many tokens and its last entry."""
        ready = sorted(
            (job for job in self._active if not job.outbox.full), key=lambda job: (not job.writing, job.rank)
        )
        writers = sum(job.writing for job in ready)
        # Where others are being written, a prompt is read in smaller pieces: they wait for each of them.
        room = self._config.batch // (2 if writers else 1)
        entries: list[Entry] = []
        parts: list[tuple[Job, int, int]] = []
        for job in ready:
            assert job.sequence
            start = len(job.sequence.tokens)
            piece = job.words(1 if job.writing else room)
            if not piece:
                continue
            room -= 0 if job.writing else len(piece)
            whole = start + len(piece) == len(job.tokens) and job.limit > 0
            entries += [(token, start + n, job.sequence.id, False) for n, token in enumerate(piece)]
            if whole:
                entries[-1] = (*entries[-1][:3], True)
            parts.append((job, len(piece), len(entries) - 1))
        return entries, parts

    def _decode(self, model: Model, entries: list[Entry]) -> bool:
        """Compute a batch. Where the cache is full, old prefixes go; whoever cannot be served then fails alone."""
        while code := model.decode(entries):
            idle = self._cache.evict() if code == 1 else None
            if idle:
                model.clear(idle.id)
                continue
            within = {sequence for _, _, sequence, _ in entries}
            failed = [job for job in self._active if job.sequence and job.sequence.id in within]
            if code == 1:
                failed = [max(failed, key=lambda job: job.rank)]
            for job in failed:
                reason = "the context is full" if code == 1 else f"llama.cpp failed to compute (code {code})"
                self._fail(model, job, EngineError(reason, hint="raise `context`, or start a new conversation"))
            return False
        return True

    def _advance(self, model: Model, job: Job, count: int, entry: int) -> None:
        """Account for what was read, and write the next token where the prompt is read to its end."""
        assert job.sequence
        held = job.sequence.tokens
        held += job.tokens[len(held) : len(held) + count]
        if len(held) < len(job.tokens):
            return
        if not job.limit:
            if job.static == len(held):
                self._save(model, job.sequence)
            self._finish(job, "stop")
            return
        try:
            self._write(model, job, entry)
        except AssistantError as error:
            self._fail(model, job, error)
        except Exception as failure:
            log.exception("a reply failed")
            self._fail(model, job, EngineError(f"the reply failed: {failure}", hint="the log has the details"))

    def _write(self, model: Model, job: Job, entry: int) -> None:
        sampler = self._active[job]
        token = sampler.sample(entry)
        if token is None or model.vocabulary.ends_reply(token):
            self._finish(job, "stop")
            return
        job.tokens.append(token)
        job.outbox.put(*job.output.push(model.vocabulary.piece(token)))
        if job.call_grammar:
            self._hold_call(sampler, job, job.call_grammar)
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
        deltas = job.output.end(complete=reason == "stop")
        usage = Usage(job.prompt, job.cached, job.written)
        job.outbox.put(*deltas, Done("tool_calls" if job.output.called else reason, usage))  # type: ignore[arg-type]
        self._leave(job)

    def _fail(self, model: Model, job: Job, error: AssistantError) -> None:
        sequence = job.sequence
        job.outbox.put(error)
        self._leave(job)
        if sequence:
            model.clear(sequence.id)
            self._cache.forget(sequence)

    def _leave(self, job: Job) -> None:
        """Free the slot; what the sequence holds stays for the next turn."""
        with self._changed:
            self._active.pop(job).close()
        if job.sequence:
            self._cache.release(job.sequence)


def _saved(config: LlamaConfig) -> SavedPrefixes:
    key = fingerprint(Path(config.model), *settings(config)) if config.disk_cache else b""
    return SavedPrefixes(cache_folder() / "llama-cpp", config.disk_cache << 20, key)
