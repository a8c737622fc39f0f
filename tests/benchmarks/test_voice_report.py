"""The report: what programs read, and a table that fits."""

import json

from voice.report import page, results, save, table

ABOUT = {
    "machine": {"cpu": "a CPU", "cores": 2, "memory_gb": 4.0, "system": "Linux", "python": "3.11", "governor": "none"},
    "date": "2026-01-01 00:00 UTC",
    "versions": {"inglenook": "0.1"},
    "wait": 8.0,
    "cold_starts": 1,
    "whisper": "tiny.en",
    "corpus": "",
    "note": "",
}


def record(system: str, at: float, **more: object) -> dict[str, object]:
    return {
        "system": system,
        "set": "lengths",
        "devices": 1,
        "cold": False,
        "loaded": 3.2,
        "resident": 500 * 2**20,
        "text": "What do bees make?",
        "last": 2.0,
        "ends": [2.5],
        "resumed": [],
        "sounds": [2.0 + at],
        "transcripts": ["What do bees make?"],
        "reply": "Honey.",
        "error": "",
    } | more


RECORDS = [
    record("in_order", 2.0),
    record("in_order", 5.0, cold=True),
    record("inglenook", 1.0),
    record("inglenook", 9.0, set="television"),
    record("inglenook", 3.0, devices=2),
]


def test_a_system_has_the_keys_that_programs_read(tmp_path):
    save(results(RECORDS, ABOUT), tmp_path)
    found = json.loads((tmp_path / "voice_to_voice.json").read_text())
    assert {"machine", "date", "systems"} <= found.keys()
    ours = found["systems"]["inglenook"]
    assert (ours["p50"], ours["p95"], ours["n"], ours["cutoff_rate"]) == (1.0, 1.0, 1, 0.0)
    assert ours["quality"]["wer"] == 0.0
    assert ours["sets"]["television"]["p50"] == 9.0
    assert ours["devices"]["2"]["p50"] == 3.0
    assert found["systems"]["in_order"]["cold"]["p50"] == 5.0


def test_the_table_fits_and_names_every_system():
    lines = table(results(RECORDS, ABOUT)).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.startswith("inglenook ") for line in lines)


def test_the_page_says_where_and_when():
    text = page(results(RECORDS, ABOUT))
    assert "a CPU" in text and "2026-01-01" in text and "`in_order`" in text
    assert max(map(len, text.splitlines())) <= 160
