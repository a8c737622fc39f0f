"""How long the core takes to import, over a bare Python, and what it weighs without engines.

Claim: at most 0.3 s more than a bare Python, and under 80 MB resident with the daemon's modules loaded.
"""

import statistics
import subprocess
import sys
import time

RUNS = 9
RSS = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
PROGRAMS = {
    "bare Python": f"pass; {RSS}",
    "import assistant": f"import assistant; {RSS}",
    "import assistant.daemon": f"import assistant.daemon; {RSS}",
    "import asyncio, aiohttp.web (peer)": f"import asyncio, aiohttp.web; {RSS}",
}


def measure(program: str) -> tuple[float, float]:
    """Return the seconds and the MB that one run of *program* takes."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return time.perf_counter() - began, int(done.stdout) / 1024


def main() -> None:
    """Run every program in turn and print the medians."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(RUNS + 1):
        for name, program in PROGRAMS.items():
            runs[name].append(measure(program))
    medians = {
        name: (statistics.median(s for s, _ in found[1:]), statistics.median(m for _, m in found[1:]))
        for name, found in runs.items()
    }
    bare = medians["bare Python"][0]
    for name, (seconds, size) in medians.items():
        print(f"{name:<36}{seconds:7.3f} s  (+{seconds - bare:.3f} s)  {size:6.1f} MB")
    over, size = medians["import assistant"][0] - bare, medians["import assistant.daemon"][1]
    print(f"claim: +{over:.3f} s of 0.3 s, {size:.1f} MB of 80 MB: {'kept' if over < 0.3 and size < 80 else 'BROKEN'}")


if __name__ == "__main__":
    main()
