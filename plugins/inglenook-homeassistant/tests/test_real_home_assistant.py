"""Commands in four languages to a real Home Assistant with demo entities: what is said is what is true.

What is true is asked over a connection of the test's own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from assistant_homeassistant import HomeAssistantConfig
from assistant_homeassistant.service import look, serve

from assistant import OWNER, Act
from assistant.assembly import Assembly, assemble
from assistant.config.load import load

from .faulty_proxy import faulty_proxy
from .real_home_assistant import RealHomeAssistant, home_assistant, program

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(program() is None, reason="no Home Assistant: pip install it, and say where in INGLENOOK_HASS"),
]

Check = Callable[[dict[str, Any]], bool]


def state(wanted: str) -> Check:
    return lambda now: bool(now["state"] == wanted)


def is_at(attribute: str, wanted: float, within: float = 2.0) -> Check:
    return lambda now: abs((now["attributes"].get(attribute) or -999) - wanted) <= within


def hue(wanted: float) -> Check:
    return lambda now: abs(now["attributes"]["hs_color"][0] - wanted) < 20


SCRIPT: list[tuple[str, str, dict[str, Check]]] = [
    ("en", "turn off the kitchen lights", {"light.kitchen_lights": state("off")}),
    ("en", "turn on the bed light", {"light.bed_light": state("on")}),
    ("en", "set the bed light to 40 percent", {"light.bed_light": is_at("brightness", 102, 5)}),
    ("en", "set the reading lamp to blue", {"light.bed_light": hue(240)}),
    ("en", "set the brightness in the office to 25%", {"light.office_rgbw_lights": is_at("brightness", 64, 5)}),
    ("en", "turn off the lights in the living room", {"light.living_room_rgbww_lights": state("off")}),
    ("en", "turn on all lights in the kitchen", {"light.kitchen_lights": state("on")}),
    ("en", "turn off the lights upstairs", {"light.bed_light": state("off")}),
    ("en", "open the kitchen window", {"cover.kitchen_window": state("open")}),
    ("en", "lock the kitchen door", {"lock.kitchen_door": state("locked")}),
    ("en", "set the hvac temperature to 23 degrees", {"climate.hvac": is_at("temperature", 23, 0.5)}),
    ("en", "turn on the ceiling fan", {"fan.ceiling_fan": state("on")}),
    ("en", "turn on the living room fan", {"fan.living_room_fan": state("on")}),
    ("en", "set the living room fan speed to 67 percent", {"fan.living_room_fan": is_at("percentage", 67, 33)}),
    ("en", "turn on the ac", {"switch.ac": state("on")}),
    ("en", "pause the walkman", {"media_player.walkman": state("paused")}),
    ("en", "resume the walkman", {"media_player.walkman": state("playing")}),
    ("en", "turn off the ceiling lights", {"light.ceiling_lights": state("off")}),
    (
        "en",
        "turn on the bed light and the ceiling lights",
        {"light.bed_light": state("on"), "light.ceiling_lights": state("on")},
    ),
    (
        "en",
        "set the ceiling lights temperature to 2700 kelvin",
        {"light.ceiling_lights": is_at("color_temp_kelvin", 2700, 140)},
    ),
    ("en", "close the kitchen window", {"cover.kitchen_window": state("closed")}),
    ("en", "turn off the living room fan", {"fan.living_room_fan": state("off")}),
    ("en", "start 0_ground_floor", {"vacuum.0_ground_floor": state("cleaning")}),
    ("en", "turn off the ac", {"switch.ac": state("off")}),
    ("de", "Schalte Bed Light aus", {"light.bed_light": state("off")}),
    ("de", "Schalte Kitchen Lights aus", {"light.kitchen_lights": state("off")}),
    ("fr", "Allume Bed Light", {"light.bed_light": state("on")}),
    ("fr", "Règle Bed Light à 30 pour cent", {"light.bed_light": is_at("brightness", 77, 5)}),
    ("es", "Enciende Kitchen Lights", {"light.kitchen_lights": state("on")}),
    ("es", "Apaga Ceiling Lights", {"light.ceiling_lights": state("off")}),
]
"""Thirty commands, and what is true once each is obeyed."""

QUESTIONS = [
    "is the bed light on",
    "are any lights on",
    "which lights are on in the kitchen",
    "is the front door locked",
    "what is the temperature of the hvac",
    "what is the outside temperature",
    "how many lights are on",
]

FAILED = {
    "en": ("did not answer", "reported an error", "not available", "cannot reach", "cannot see"),
    "de": ("nicht reagiert", "einen Fehler", "nicht verfügbar", "erreiche", "sehe aber nicht"),
    "fr": ("pas répondu", "une erreur", "pas disponible", "joindre", "ne vois pas"),
    "es": ("no ha", "un error", "no está disponible", "conectar", "no veo"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home-assistant")


@asynccontextmanager
async def turns(folder: Path, url: str, token: str) -> AsyncIterator[Assembly]:
    """Put an assistant together that speaks four languages and knows a Home Assistant."""
    file = folder / "assistant.yaml"
    names = "\n".join(f"  {language}: {{chat: chat, language: {language}}}" for language in FAILED)
    file.write_text(f"models: {{chat: {{engine: echo, prefix: 'not understood: '}}}}\nassistants:\n{names}\n")
    async with assemble(load(file, {})) as assembly:
        serving = asyncio.create_task(serve(HomeAssistantConfig(url=url, token=token), assembly))
        async with asyncio.timeout(20):
            while not assembly.home.entities:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield assembly
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def asked(assembly: Assembly, language: str, text: str) -> str:
    answer = await assembly.run_turn(text, assistant=language, conversation=language, device="room", person=OWNER)
    assert "not understood" not in answer.text
    return answer.text


def claimed(said: str, language: str, name: str) -> bool:
    """Tell whether a reply claims of a thing that it is as was asked: it does, where it does not say otherwise."""
    clauses = [part for part in said.split(";") if any(words in part for words in FAILED[language])]
    return not any(name in clause for clause in clauses)


async def through_the_script(ha: RealHomeAssistant, folder: Path, every: int) -> tuple[int, dict[str, int], list[str]]:
    """Say the script; return how many replies were honest, how calls failed, and the replies that were not."""
    lies: list[str] = []
    async with faulty_proxy(ha.url, every) as proxy, turns(folder, proxy.url, ha.token) as assembly:
        for language, text, wanted in SCRIPT:
            said = await asked(assembly, language, text)
            states = await ha.states()
            for id_, check in wanted.items():
                name = states[id_]["attributes"]["friendly_name"]
                if claimed(said, language, name) != check(states[id_]):
                    lies.append(f"{text!r}: {said!r}, but {id_} is {states[id_]['state']}")
        return len(SCRIPT) - len(lies), dict(proxy.failed), lies


async def test_what_is_said_is_true(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Home Assistant for all of it: it takes a while to start."""
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    hass = program()
    assert hass is not None
    async with home_assistant(hass, folder) as ha:
        honest, failed, lies = await through_the_script(ha, tmp_path, every=0)
        assert (honest, failed, lies) == (30, {}, [])
        await nothing_is_done_by_questions(ha, tmp_path)
        await for_failing_calls(ha)
        honest, failed, lies = await through_the_script(ha, tmp_path, every=5)
        assert (honest, lies) == (30, [])
        assert sum(failed.values()) >= 5
        await undone(ha, tmp_path)
        await survives_hanging_up(ha, tmp_path)
        note = await look(HomeAssistantConfig(url=ha.url, token=ha.token))
        assert note.startswith("Home Assistant 20")


async def for_failing_calls(ha: RealHomeAssistant) -> None:
    """Put everything back to where the script began, so that it has something to do again."""
    for service, entity, data in (
        ("light.turn_on", "light.kitchen_lights", {}),
        ("light.turn_off", "light.bed_light", {}),
        ("light.turn_on", "light.living_room_rgbww_lights", {}),
        ("light.turn_on", "light.office_rgbw_lights", {"brightness_pct": 80}),
        ("light.turn_on", "light.ceiling_lights", {"rgb_color": [255, 0, 0]}),
        ("fan.turn_off", "fan.ceiling_fan", {}),
        ("climate.set_temperature", "climate.hvac", {"temperature": 19}),
        ("vacuum.stop", "vacuum.0_ground_floor", {}),
    ):
        await ha.call(service, entity, **data)


async def nothing_is_done_by_questions(ha: RealHomeAssistant, folder: Path) -> None:
    before = {id_: (state["state"], state["attributes"]) for id_, state in (await ha.states()).items()}
    async with faulty_proxy(ha.url, 0) as proxy, turns(folder, proxy.url, ha.token) as assembly:
        for question in QUESTIONS:
            assert await asked(assembly, "en", question)
        assert proxy.calls == 0
    after = await ha.states()
    changed = [
        id_
        for id_, was in before.items()
        if id_.startswith(("light", "lock", "cover")) and was != (after[id_]["state"], after[id_]["attributes"])
    ]
    assert not changed


async def undone(ha: RealHomeAssistant, folder: Path) -> None:
    await ha.call("light.turn_on", "light.bed_light", rgb_color=[255, 0, 0], brightness_pct=80)
    async with turns(folder, ha.url, ha.token) as assembly:
        assert await asked(assembly, "en", "turn off the lights in the bedroom") == "Turned off the lights"
        assert await asked(assembly, "en", "undo that") == "Bed Light is on."
        lamp = (await ha.states())["light.bed_light"]
        assert hue(0)(lamp) and is_at("brightness", 204, 5)(lamp)
        assert await asked(assembly, "en", "unlock the front door") == "Shall I really unlock Front Door?"
        assert (await ha.states())["lock.front_door"]["state"] == "locked"
        assert await asked(assembly, "en", "yes") == "Front Door is unlocked."
        assert await asked(assembly, "en", "undo that") == "What Front Door did cannot be undone."


async def survives_hanging_up(ha: RealHomeAssistant, folder: Path) -> None:
    """A Home Assistant that goes away is said to be gone, and found again when it is back."""
    async with faulty_proxy(ha.url, 0) as proxy, turns(folder, proxy.url, ha.token) as assembly:
        await ha.call("light.turn_on", "light.bed_light")
        await proxy.hang_up()
        await asyncio.sleep(0.1)
        outcomes = await assembly.home.act(Act("light.turn_off", ("light.bed_light",)))
        assert outcomes[0].result == "refused"  # the state can be read over HTTP, the way to tell it is gone
        async with asyncio.timeout(20):
            while True:
                outcomes = await assembly.home.act(Act("light.turn_off", ("light.bed_light",)))
                if outcomes[0].result == "done":
                    break
                await asyncio.sleep(0.3)
