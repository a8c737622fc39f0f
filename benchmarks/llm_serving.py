"""How several clients are served at once, beside the servers of llama-cpp-python and of xllamacpp.

Claims, with the same model on two cores: with four clients at once the first token comes (p95) after at most 0.35 of
the time that `llama_cpp.server` takes, at no less than 0.97 of its tokens a second; one client gets at least 0.97 of
the tokens a second of a bare llama.cpp loop, the first no later; a prompt of 1,000 tokens stretches the p95 between two
tokens of a running reply at most threefold; with a system prompt of 500 tokens that was read before, the first token
comes after at most 0.1 of the time it takes cold.

Every system is a process that speaks the OpenAI protocol over HTTP, on the same cores; the same client measures all.
Ours is the daemon, with its keys, limits and engines of speech, but no device. In
each round each takes its turn, in another order, so that a busy machine slows all alike; there the processor time that
each took tells more than the clock. Two threads of a peer wait for each other by spinning, which a busy machine
punishes out of all proportion: there `--threads 1` compares what can be compared. Peers need an interpreter that has
them:

    python benchmarks/llm_serving.py --llama PYTHON --xllama PYTHON

where the first has `llama-cpp-python[server]`, compiled as ours, and the second `xllamacpp`.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from serving import served
from serving.served import CONTEXT, KEY, SLOTS

STORY = "Write a long story about {}. Tell every detail."
HEROES = ("a dragon that learns to cook", "a ship on the moon", "a clock that is late", "the last lamp of a town")
OURS, SERVER, XLLAMA, BARE = "inglenook", "llama_cpp.server", "xllamacpp", "bare loop"
EACH = "its engine, each token told"
"""The engine by itself, where a program is woken for every token, and not thirty times a second: what lies between two
steps is seen."""
HEADERS = {"Authorization": f"Bearer {KEY}"}
XLLAMA_SCRIPT = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = sys.argv[1], ["127.0.0.1"], int(sys.argv[2])
params.n_ctx, params.n_parallel, params.kv_unified, params.warmup = int(sys.argv[4]), int(sys.argv[5]), True, True
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(sys.argv[3])
server = xllamacpp.Server(params)
time.sleep(1e6)
"""


@dataclass(frozen=True)
class System:
    """What is measured."""

    name: str
    command: Callable[[str, int, int], list[str]]
    """Model, port and threads to the command that serves them."""
    environment: dict[str, str] = field(default_factory=dict)
    """What is added to the environment."""
    stages: Sequence[str] = ("alone", "together", "disturbed", "repeated")
    """What is measured of it."""


def systems(llama: str, xllama: str) -> list[System]:
    """Return those that are there."""
    from assistant.assembly import THREADS

    def own(what: str) -> Callable[[str, int, int], list[str]]:
        return lambda *given: [sys.executable, served.__file__, what, *map(str, given)]

    found = [System(OURS, own("daemon")), System(EACH, own("engine"), THREADS, ["disturbed"])]
    found.append(System(BARE, own("bare"), stages=["alone"]))
    if llama:
        found.append(System(SERVER, lambda model, port, threads: [
            llama, "-m", "llama_cpp.server", "--model", model, "--port", str(port), "--n_ctx", str(CONTEXT),
            "--n_threads", str(threads), "--n_threads_batch", str(threads), "--interrupt_requests", "false",
            "--verbose", "false",
        ]))  # fmt: skip
    if xllama:
        found.append(System(XLLAMA, lambda model, port, threads: [
            xllama, "-c", XLLAMA_SCRIPT, model, str(port), str(threads), str(CONTEXT), str(SLOTS)
        ]))  # fmt: skip
    return found


@asynccontextmanager
async def running(system: System, model: str, threads: int, log: str) -> AsyncGenerator[tuple[str, int], None]:
    """Start a system on the first cores; yield its address once it answers, and its process.

    It shares nothing with a daemon of this machine but the models.
    """
    from assistant.paths import data_folder

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    async with AsyncExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        Path(home, "data").symlink_to(data_folder())  # noqa: ASYNC240 - nothing else is under way
        file = stack.enter_context(Path(log).open("ab"))  # noqa: ASYNC230, SIM115
        process = await asyncio.create_subprocess_exec(
            "taskset", "-c", cores, *system.command(model, port, threads), stdout=file, stderr=file,
            env={**os.environ, **system.environment, "INGLENOOK_HOME": home},
        )  # fmt: skip
        stack.push_async_callback(_end, process)
        url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(headers=HEADERS) as session, asyncio.timeout(120):
            while True:
                if process.returncode is not None:
                    raise SystemExit(f"{system.name} ended by itself, see {log}")
                try:
                    async with session.get(f"{url}/v1/models") as response:
                        if response.status == 200:
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.2)
        yield url, process.pid


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def processor_time(process: int) -> float:
    """Return the seconds of processor time that a process has taken (proc_pid_stat(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Reply:
    """When the pieces of a reply came, in seconds after it was asked for; each is a token, or some."""

    times: list[float]
    tokens: int

    @property
    def first(self) -> float:
        """Seconds to the first token."""
        return self.times[0]

    @property
    def pace(self) -> float:
        """Tokens a second after the first."""
        return (self.tokens - 1) / (self.times[-1] - self.times[0])

    def gaps(self, start: float = 0.0, end: float = float("inf")) -> list[float]:
        """Seconds between two pieces, of all gaps that reach into the time from *start* to *end*."""
        pairs = zip(self.times, self.times[1:], strict=False)
        return [after - before for before, after in pairs if start <= after and before <= end]


async def ask(url: str, question: str, tokens: int, system: str = "You are a storyteller.",
              begun: asyncio.Event | None = None) -> Reply:  # fmt: skip
    """Ask for a reply of so many tokens; *begun* is set at the eighth."""
    body = {
        "model": "model",
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}],
        "stream": True, "stream_options": {"include_usage": True},
        "temperature": 0, "repeat_penalty": 1, "max_tokens": tokens,
    }  # fmt: skip
    times, written = list[float](), 0
    timeout = aiohttp.ClientTimeout(600)
    async with aiohttp.ClientSession(timeout=timeout, headers=HEADERS) as session:
        start = time.perf_counter()
        async with session.post(f"{url}/v1/chat/completions", json=body) as response:
            response.raise_for_status()
            async for line in response.content:
                if not line.startswith(b"data: {"):
                    continue
                piece = json.loads(line[6:])
                choices, usage = piece["choices"], piece.get("usage")
                written = usage["completion_tokens"] if usage else written
                if choices and choices[0]["delta"].get("content"):
                    times.append(time.perf_counter() - start)
                    if begun and len(times) == 8:
                        begun.set()
    if len(times) < 2:
        raise SystemExit(f"{url} wrote {len(times)} tokens")
    return Reply(times, written or len(times))


def p95(values: Sequence[float]) -> float:
    """Return the value below which 95 % lie."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


Numbers = dict[str, list[float]]


async def alone(url: str, n: int, tokens: int, numbers: Numbers) -> None:
    """One client."""
    reply = await ask(url, STORY.format(f"{HEROES[0]}, number {n}"), tokens)
    numbers["alone: first token"].append(reply.first)
    numbers["alone: tokens/s"].append(reply.pace)


async def together(url: str, n: int, tokens: int, numbers: Numbers) -> None:
    """Four clients at once."""
    start = time.perf_counter()
    asked = (ask(url, STORY.format(f"{hero}, number {n}"), tokens) for hero in HEROES)
    replies = await asyncio.gather(*asked)
    numbers["together: first tokens"] += [reply.first for reply in replies]
    numbers["together: tokens/s"].append(sum(r.tokens for r in replies) / (time.perf_counter() - start))


async def disturbed(url: str, n: int, tokens: int, numbers: Numbers) -> None:
    """A long prompt arrives while a reply is being written."""
    quiet = await ask(url, STORY.format(f"{HEROES[1]}, number {n}"), tokens)
    begun = asyncio.Event()
    asked_at = time.perf_counter()
    running = asyncio.create_task(ask(url, STORY.format(f"{HEROES[1]}, part {n}"), 6 * tokens, begun=begun))
    await begun.wait()
    came = time.perf_counter() - asked_at
    long = " ".join(f"{word} {n}" for word in ["stone", "river", "night", "bread", "glass"] * 80)
    other = await ask(url, long, 2)
    reply = await running
    if during := reply.gaps(came, came + other.first):
        numbers["disturbed: p95 between tokens"].append(p95(during))
        numbers["disturbed: times the quiet p95"].append(p95(during) / p95(quiet.gaps()))
        numbers["disturbed: longest"].append(max(during))
    numbers["disturbed: first token of the long"].append(other.first)


async def repeated(url: str, n: int, tokens: int, numbers: Numbers) -> None:
    """The same system prompt, read for the first time and for the second."""
    rules = f"House {n}. " + " ".join(f"Rule {k}: in room {k} be kind, brief and quiet." for k in range(32))
    cold = await ask(url, "What is the capital of France?", 4, rules)
    warm = await ask(url, "Name a colour of the rainbow.", 4, rules)
    numbers["repeated: cold"].append(cold.first)
    numbers["repeated: warm"].append(warm.first)
    numbers["repeated: warm / cold"].append(warm.first / cold.first)


STAGES = {stage.__name__: stage for stage in (alone, together, disturbed, repeated)}


async def measure(found: Sequence[System], given: argparse.Namespace) -> dict[str, Numbers]:
    """Let the systems take turns."""
    numbers: dict[str, Numbers] = {system.name: defaultdict(list) for system in found}
    async with AsyncExitStack() as stack:
        open_ = {system.name: await stack.enter_async_context(running(system, given.model, given.threads, given.log))
                 for system in found}  # fmt: skip
        for name, (url, _) in open_.items():
            await ask(url, "Say hello.", 8)
            print(f"{name} answers", file=sys.stderr)
        for n in range(given.rounds):
            order = found if n % 2 else list(reversed(found))
            for stage, system in ((stage, system) for stage in given.stages for system in order):
                if stage in system.stages:
                    url, process = open_[system.name]
                    start, spent = time.perf_counter(), processor_time(process)
                    await STAGES[stage](url, n, given.tokens, numbers[system.name])
                    numbers[system.name][f"{stage}: processor time"].append(processor_time(process) - spent)
                    took = time.perf_counter() - start
                    print(f"round {n + 1}, {stage}, {system.name}: {took:.1f} s", file=sys.stderr)
    return numbers


def report(numbers: dict[str, Numbers], rounds: int) -> None:
    """Print medians, and the claims; first tokens of four at once by their p95."""

    def value(name: str, row: str) -> float:
        values = numbers[name][row]
        return p95(values) if row == "together: first tokens" else statistics.median(values)

    def claim(text: str, ratio: float, bound: float, at_most: bool) -> None:
        kept = ratio <= bound if at_most else ratio >= bound
        print(f"{text}: {ratio:.3f} of at {'most' if at_most else 'least'} {bound}: {'kept' if kept else 'BROKEN'}")

    print(f"medians of {rounds} rounds; of `together: first tokens` the p95; seconds, tokens a second and ratios")
    print("| | " + " | ".join(numbers) + " |\n|---|" + "---|" * len(numbers))
    for row in numbers[OURS]:
        cells = (f"{value(name, row):.3f}" if numbers[name][row] else "" for name in numbers)
        print(f"| {row} | " + " | ".join(cells) + " |")

    def paired(row: str, peer: str) -> float:
        pairs = zip(numbers[OURS][row], numbers[peer][row], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def measured(row: str) -> bool:
        return row in numbers[OURS]

    if measured("alone: tokens/s"):
        claim("one client, tokens a second beside a bare loop", paired("alone: tokens/s", BARE), 0.97, False)
        claim("one client, first token beside a bare loop", paired("alone: first token", BARE), 1.0, True)
    if measured("disturbed: longest"):
        for name in (OURS, EACH):
            claim(f"times the quiet p95 between tokens, {name}", value(name, "disturbed: times the quiet p95"), 3, True)
    if measured("repeated: cold"):
        claim("repeated system prompt, warm to cold", value(OURS, "repeated: warm / cold"), 0.1, True)
    if SERVER in numbers and measured(row := "together: first tokens"):
        claim(f"four clients, p95 of first tokens beside {SERVER}", value(OURS, row) / value(SERVER, row), 0.35, True)
        claim(f"four clients, tokens a second beside {SERVER}", paired("together: tokens/s", SERVER), 0.97, False)


def main() -> None:
    """Read the arguments and measure."""
    from assistant.testing import model_path

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", help="a GGUF file; without it the default model")
    arguments.add_argument("--llama", default="", help="a Python that has llama-cpp-python[server]")
    arguments.add_argument("--xllama", default="", help="a Python that has xllamacpp")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--tokens", type=int, default=64)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    arguments.add_argument("--log", default=os.devnull, help="a file for what the servers say")
    given = arguments.parse_args()
    given.model = given.model or model_path("smollm2-135m")
    report(asyncio.run(measure(systems(given.llama, given.xllama), given)), given.rounds)


if __name__ == "__main__":
    main()
