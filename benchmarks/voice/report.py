"""Results as a file for programs, a table for the terminal, and a page for people."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from voice.corpus import SETS
from voice.measure import HEADLINE, Turn, judged, summary

__all__ = ["machine", "page", "results", "save", "table"]

_NAMES = {
    "in_order": "the same libraries, in order, with Assist's defaults",
    "wyoming": "wyoming-faster-whisper, llama_cpp.server, wyoming-piper, joined as Assist joins them",
    "pipecat": "pipecat with Silero, Smart Turn, Whisper, Piper and llama_cpp.server, stock",
    "pipecat_tuned": "the same with int8 and a thread for each core",
    "inglenook": "this project",
    "inglenook_intents": "this project with its intents and skills",
    "inglenook_fixed": "this project with the wait fixed at 0.7 s",
}


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    cpu = Path("/proc/cpuinfo")
    models = [line.split(":", 1)[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(models),
        "memory_gb": round(int(Path("/proc/meminfo").read_text().split()[1]) / 1e6, 1),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "python": platform.python_version(),
        "governor": governor.read_text().strip() if governor.exists() else "unknown",
    }


def results(records: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return all results: *about* (machine, date, versions), and one entry for each system."""
    systems: dict[str, Any] = {}
    for name in _NAMES:
        mine = [dict(record) for record in records if record["system"] == name]
        if mine:
            systems[name] = _system(mine)
    return {**about, "systems": systems}


def _system(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    turns = [judged(record) for record in records]
    warm = [turn for turn in turns if turn.devices == 1 and not turn.cold]
    crowds = sorted({turn.devices for turn in turns} - {1})
    headline = summary(_of(warm, HEADLINE)) if warm else {}
    return {
        **headline,
        "cold": summary([turn for turn in turns if turn.devices == 1 and turn.cold]),
        "sets": {name: summary(_of(warm, [name])) for name in SETS if _of(warm, [name])},
        "devices": {
            str(n): summary(_of((t for t in turns if t.devices == n and not t.cold), HEADLINE)) for n in crowds
        },
        **_drafts(records),
        "loading": round(min(record["loaded"] for record in records), 1),
        "rss_mb": {
            str(n): round(max(r["resident"] for r in records if r["devices"] == n) / 2**20)
            for n in sorted({turn.devices for turn in turns})
        },
    }


def _drafts(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the share of warm answers of one device that were begun in the pause and played unchanged."""
    mine = [r for r in records if r["devices"] == 1 and not r["cold"] and r["set"] in HEADLINE]
    told = [drafting for r in mine if (drafting := r.get("receipt", {}).get("drafting", {})).get("begun")]
    drafted = [drafting["hit"] for drafting in told]
    return {"draft_hits": round(sum(drafted) / len(drafted), 3)} if drafted else {}


def _of(turns: Iterable[Turn], sets: Sequence[str]) -> list[Turn]:
    return [turn for turn in turns if turn.set in sets]


def table(found: Mapping[str, Any]) -> str:
    """Return the results as text of at most 100 columns."""
    head = (
        f"{'':16}{'p50':>7}{'p95':>7}{'cut off':>9}{'early':>7}{'WER':>7}{'answered':>10}{'cold':>7}{'n':>5}{'MB':>7}"
    )
    lines = [head]
    for name, system in found["systems"].items():
        if "p50" in system:
            cold, memory = _seconds(system["cold"]["p50"]), system["rss_mb"].get("1", "")
            lines.append(f"{name:16}{_row(system)}{cold:>7}{system['n']:>5}{memory:>7}")
    for name, system in found["systems"].items():
        if "draft_hits" in system:
            lines.append(f"{name}: {_percent(system['draft_hits'])} of the answers were begun in the pause")
    for title, key in (("by set", "sets"), ("devices at once", "devices")):
        rows = [(part, name, s[key][part]) for name, s in found["systems"].items() for part in s[key]]
        if rows:
            lines += ["", title]
        for part in dict.fromkeys(part for part, _, _ in rows):
            lines += [f"{part:12}{name:16}{_row(s)}{s['n']:>5}" for p, name, s in rows if p == part]
    return "\n".join(lines)


def _row(part: Mapping[str, Any]) -> str:
    quality = part["quality"]
    wer = "-" if quality["wer"] is None else f"{quality['wer']:.2f}"
    rates = f"{_percent(part['cutoff_rate']):>9}{_percent(part['early_end_rate']):>7}"
    return f"{_seconds(part['p50']):>7}{_seconds(part['p95']):>7}{rates}{wer:>7}{_percent(quality['answered']):>10}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


_OTHERS = "\n# Programs served at once\n"
"""Where on the page the results of others begin."""


def page(found: Mapping[str, Any]) -> str:
    """Return the results as a page of Markdown."""
    host = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(found["versions"].items()))
    systems = "\n".join(f"| `{name}` | {_NAMES[name]} |" for name in found["systems"])
    return f"""# Voice to voice

![Seconds from the last voiced sample to the answer](voice_to_voice.png)

Other results: [programs served at once, and the doors](#programs-served-at-once), [sentences understood](intents.md),
[skills spoken](skills_spoken.md).

Made by `make bench-voice`, {found["date"]}, on {host["cpu"]}, {host["cores"]} cores,
{host["memory_gb"]} GB, {host["system"]}, governor {host["governor"]}, Python {host["python"]}. {found["note"]}

```text
{table(found)}
```

| system | what it is |
|---|---|
{systems}

- **p50, p95**: seconds from the last voiced sample of the utterance (by its label) to the first audible sample of the
  answer at the speaker; no chime, filler or cached phrase counts. Warm, one device; the television is not in them.
- **cut off**: share of the turns that the person noticed to be ended too early: an answer sounded before the last
  voiced sample, or the rest was never taken. **early**: the system ended the turn too early, even if it took that back
  in time.
  Turns that were cut off, and those that were not answered within {found["wait"]:g} s, have no latency.
- **WER**: wrong, missing and additional words of the transcripts that were answered, to the words said.
- **answered**: share of the turns in which an answer with words sounded after the last voiced sample.
- **cold**: p50 of the first turns of fresh processes ({found["cold_starts"]} each), everything loaded and nothing used.
- **MB**: resident memory of the system's process and those that it started.

All systems use Whisper {found["whisper"]}, SmolLM2-135M-Instruct Q4_1 and Piper joe-medium, the same system prompt, the
same limit of tokens, and always take the likeliest token. {found["corpus"]}

Versions: {versions}.
"""


def save(found: Mapping[str, Any], folder: Path) -> None:
    """Write the file for programs and the page; what other benchmarks say on it stays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "voice_to_voice.json").write_text(json.dumps(found, indent=1) + "\n")
    file = folder / "RESULTS.md"
    _, heading, others = (file.read_text() if file.exists() else "").partition(_OTHERS)
    file.write_text(page(found) + heading + others)
