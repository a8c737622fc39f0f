"""Draw the results: `python -m voice.plot RESULTS.json OUT.png`, in an environment with matplotlib."""

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["draw"]


def draw(found: dict[str, Any], out: Path) -> None:
    """Draw p50 and p95 of each system, with its cut-offs."""
    import matplotlib as mpl  # type: ignore[import-not-found]

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    systems = {name: system for name, system in found["systems"].items() if system.get("p50") is not None}
    names = sorted(systems, key=lambda name: systems[name]["p50"], reverse=True)
    figure, axes = plt.subplots(figsize=(9, 0.7 * len(names) + 1.6))
    for at, name in enumerate(names):
        system = systems[name]
        colour = "#c8553d" if name.startswith("inglenook") else "#8a9aa9"
        axes.barh(at, system["p95"], height=0.6, color=colour, alpha=0.35)
        axes.barh(at, system["p50"], height=0.6, color=colour)
        cut_off = f"{100 * system['cutoff_rate']:.0f} % cut off"
        label = f" {system['p50']:.2f} / {system['p95']:.2f} s, {cut_off}"
        axes.text(system["p95"], at, label, va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.45 * max(system["p95"] for system in systems.values()))
    axes.set_xlabel("seconds from the last voiced sample to the answer: p50 (full), p95 (pale)")
    axes.spines[["top", "right"]].set_visible(False)
    host = found["machine"]
    axes.set_title(f"Voice to voice, {host['cpu']}, {host['cores']} cores, {found['date'][:10]}", fontsize=10)
    figure.tight_layout()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
