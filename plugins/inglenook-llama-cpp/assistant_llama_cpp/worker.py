"""The thread that owns a model: requests join it from the event loop, and it takes one step after the other."""

import logging
import threading
from contextlib import closing
from pathlib import Path

from assistant import AssistantError, EngineBusy, EngineError, EngineUnavailable, Priority, cache_folder
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.job import Job
from assistant_llama_cpp.native import Model, loaded, settings
from assistant_llama_cpp.saved import SavedPrefixes, fingerprint
from assistant_llama_cpp.scheduler import Scheduler
from assistant_llama_cpp.step import Stepper

__all__ = ["Worker"]

log = logging.getLogger(__name__)


class Worker:
    """Run the thread. `start`, `submit`, `cancel`, `wake` and `close` may be called from any other."""

    def __init__(self, config: LlamaConfig) -> None:
        self._config = config
        self._thread = threading.Thread(target=self._run, name=f"llama-cpp {config.model}", daemon=True)
        self._changed = threading.Condition()
        self._scheduler: Scheduler[Job] = Scheduler(config.slots, config.context, config.batch)
        self._arrivals = 0
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
        """Let a job wait for its turn; raises EngineBusy where too many wait already. A voice is never refused."""
        with self._changed:
            if self._closing:
                raise EngineUnavailable("the model is closed", hint="open it again")
            waiting, active = len(self._scheduler.waiting), len(self._scheduler.active)
            if job.priority != Priority.VOICE and waiting + active >= self._config.slots + self._config.queue:
                raise EngineBusy(
                    f"the model is busy: {waiting} requests wait already",
                    hint="try again later, or raise `queue` or `slots` in its configuration",
                )
            self._arrivals += 1
            job.order = self._arrivals
            self._scheduler.add(job)
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Take a job back; one that is being written ends before the next step, and what was read stays cached."""
        with self._changed:
            job.cancelled = True
            if job in self._scheduler.waiting and not job.sampler:
                self._scheduler.leave(job)  # nothing of the model is held for it
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
            with (
                loaded(self._config) as self._model,
                closing(self._model),
                closing(_saved(self._config)) as saved,
                closing(Stepper(self._config, self._model, saved, self._scheduler, self._changed)) as self._stepper,
            ):
                self._loaded.set()
                busy = False
                while busy or self._await_work():
                    busy = self._stepper.step() and not self._closing
        except AssistantError as failure:
            error = failure
        except Exception as failure:
            log.exception("the thread of %s failed", self._config.model)
            error = EngineError(f"the engine failed: {failure}", hint="the log has the details")
        finally:
            with self._changed:
                self._closing = True
                self._failure = error
                left = [*self._scheduler.active, *self._scheduler.waiting]
                for job in left:
                    self._scheduler.leave(job)
            for job in left:
                job.outbox.put(error)
                job.outbox.tell()
            self._model = None
            self._loaded.set()

    def _await_work(self) -> bool:
        """Wait until there is something to do, and tidy up meanwhile; False once the engine is being closed."""
        if self._idle():
            self._stepper.tell()
            while self._stepper.rest() and self._idle():
                pass
        with self._changed:
            self._changed.wait_for(self._has_work)
            return not self._closing

    def _idle(self) -> bool:
        with self._changed:
            return not self._has_work()

    def _has_work(self) -> bool:
        return (
            self._closing
            or any(job.cancelled or job.ready for job in self._scheduler.active)
            or self._scheduler.giving_way() is not None
            or any(job.cancelled for job in self._scheduler.waiting)
        )


def _saved(config: LlamaConfig) -> SavedPrefixes:
    key = fingerprint(Path(config.model), *settings(config)) if config.disk_cache else b""
    return SavedPrefixes(cache_folder() / "llama-cpp", config.disk_cache << 20, key)
