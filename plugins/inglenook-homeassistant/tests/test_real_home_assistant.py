"""A real Home Assistant with its demo entities: what is said is what is true, whatever happens on the way.

What is true is asked over connections of the test's own. `pytest -s` shows how the scripts went.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from assistant_homeassistant import HomeAssistantConfig, check, service
from assistant_homeassistant.service import serve
from faulty_proxy import WAYS, Way, faulty_proxy
from home_script import BED, CEILING, QUESTIONS, SCRIPTS, START, hue, is_at, said_of
from real_home_assistant import RealHomeAssistant, program

from assistant import OWNER, Entity, ServiceError
from assistant.assembly import Assembly, assemble
from assistant.config.load import load

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(program() is None, reason="no Home Assistant: see tests/real_home_assistant.py"),
]

Say = Callable[..., Awaitable[str]]


@pytest.fixture(scope="module")
def ha(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHomeAssistant]:
    """One Home Assistant for all of it: it takes a while to start."""
    hass = program()
    assert hass is not None
    real = RealHomeAssistant(hass, tmp_path_factory.mktemp("home-assistant"))
    real.start()
    try:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(real.furnish())
        yield real
    finally:
        real.stop()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))


@asynccontextmanager
async def assembled(folder: Path, url: str, token: str, there: bool = True) -> AsyncIterator[tuple[Assembly, Say]]:
    """Put an assistant together that speaks four languages and knows a Home Assistant; lend it, and what asks it."""
    file = folder / "assistant.yaml"
    names = "\n".join(f"  {language}: {{chat: chat, language: {language}}}" for language in SCRIPTS)
    file.write_text(f"models: {{chat: {{engine: echo, prefix: 'not understood: '}}}}\nassistants:\n{names}\n")
    async with assemble(load(file, {})) as assembly:

        async def say(text: str, language: str = "en") -> str:
            answer = await assembly.run_turn(
                text, assistant=language, conversation=language, device="room", person=OWNER
            )
            assert "not understood" not in answer.text
            return answer.text.strip()

        serving = asyncio.create_task(serve(HomeAssistantConfig(url=url, token=token), assembly.home))
        try:
            if there:
                await until(lambda: assembly.home.entities)
            yield assembly, say
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def until(true: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def through(
    ha: RealHomeAssistant, folder: Path, language: str, every: int, first: int, ways: Iterator[Way]
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Say a script; return how often a call that went so was answered so, and the replies that were not true."""
    for what, thing, data in START:
        await ha.call(what, thing, **data)
    counted, untrue = Counter[tuple[str, str]](), list[str]()
    async with faulty_proxy(ha.url, every, first, ways) as proxy, assembled(folder, proxy.url, ha.token) as (_, say):
        for text, wanted in SCRIPTS[language]:
            failed = len(proxy.failed)
            reply = await say(text, language)
            states = await ha.states()
            proxy.blind.clear()
            way = " ".join(proxy.failed[failed:]) or "obeys"
            for thing, is_so in wanted.items():
                said = said_of(states[thing]["attributes"]["friendly_name"], reply, language)
                counted[way, said] += 1
                if said != "not known" and (said == "done") != is_so(states[thing]):
                    untrue.append(f"{text!r} ({way}): {reply!r}, but {thing} is {states[thing]}")
    return counted, untrue


def shown(title: str, counted: Counter[tuple[str, str]], untrue: list[str]) -> None:
    happens = dict[str, str](WAYS.items())
    print(f"\n{title}\n{'service call':12} {'done':>6} {'not done':>9} {'not known':>10}   what happens to it")
    for way in dict.fromkeys(way for way, _ in counted):
        row = f"{counted[way, 'done']:6} {counted[way, 'not done']:9} {counted[way, 'not known']:10}"
        print(f"{way:12} {row}   {happens.get(way, 'as it should')}")
    print(f"things of which a reply told: {counted.total()}; untrue: {len(untrue)}")


async def test_thirty_commands_do_what_they_say(ha: RealHomeAssistant, tmp_path: Path) -> None:
    counted, untrue = await through(ha, tmp_path, "en", 0, 0, itertools.cycle(WAYS))
    shown("30 commands, nothing fails", counted, untrue)
    assert (counted, untrue) == ({("obeys", "done"): 32}, [])


async def test_what_is_said_is_true_where_each_fifth_service_call_fails(ha: RealHomeAssistant, tmp_path: Path) -> None:
    """Five times, each time beginning with another call: so each of them fails once."""
    ways = itertools.cycle(WAYS)
    counted, untrue = Counter[tuple[str, str]](), list[str]()
    for first in range(1, 6):
        each, lies = await through(ha, tmp_path, "en", 5, first, ways)
        counted += each
        untrue += lies
    shown("5 times 30 commands, each fifth service call fails", counted, untrue)
    assert untrue == []
    assert {way for way, _ in counted} == {"obeys", *WAYS}
    assert sum(counted[way, "not known"] for way in WAYS if way != "unreadable") == 0


@pytest.mark.parametrize("language", ["de", "fr", "es"])
async def test_what_is_said_in_other_languages_is_true(ha: RealHomeAssistant, tmp_path: Path, language: str) -> None:
    counted, untrue = await through(ha, tmp_path, language, 0, 0, itertools.cycle(WAYS))
    assert (counted, untrue) == ({("obeys", "done"): 10}, [])
    ways = itertools.cycle(WAYS)
    for first in (1, 3):
        each, lies = await through(ha, tmp_path, language, 5, first, ways)
        counted += each
        untrue += lies
    shown(f"{language}: 10 commands, then twice with each fifth service call failing", counted, untrue)
    assert untrue == []


async def test_nothing_is_done_by_questions(ha: RealHomeAssistant, tmp_path: Path) -> None:
    async with faulty_proxy(ha.url) as proxy, assembled(tmp_path, proxy.url, ha.token) as (_, say):
        for question in QUESTIONS:
            assert await say(question)
        assert proxy.calls == 0


async def test_what_was_done_is_taken_back(ha: RealHomeAssistant, tmp_path: Path) -> None:
    await ha.call("light.turn_on", BED, rgb_color=[255, 0, 0], brightness_pct=80)
    await ha.call("lock.lock", "lock.front_door")
    async with assembled(tmp_path, ha.url, ha.token) as (_, say):
        assert await say("turn off the lights in the bedroom") == "Turned off the lights"
        assert await say("undo that") == "Bed Light is on."
        lamp = (await ha.states())[BED]
        assert hue(0)(lamp) and is_at("brightness", 204, 5)(lamp)
        assert await say("unlock the front door") == "Shall I really unlock Front Door?"
        assert (await ha.states())["lock.front_door"]["state"] == "locked"
        assert await say("yes") == "Front Door is unlocked."
        assert await say("undo that") == "What Front Door did cannot be undone."


async def test_what_was_done_before_a_restart_is_taken_back_from_the_ledger(
    ha: RealHomeAssistant, tmp_path: Path
) -> None:
    await ha.call("light.turn_on", BED, rgb_color=[255, 0, 0], brightness_pct=80)
    async with assembled(tmp_path, ha.url, ha.token) as (_, say):
        assert await say("set the bed light to 10 percent") == "Brightness set"
    async with assembled(tmp_path, ha.url, ha.token) as (_, say):
        assert await say("Mach das rückgängig", "de") == "Bed Light ist an."
        lamp = (await ha.states())[BED]
        assert hue(0)(lamp) and is_at("brightness", 204, 5)(lamp)


async def test_what_another_hand_does_is_seen(ha: RealHomeAssistant, tmp_path: Path) -> None:
    async with assembled(tmp_path, ha.url, ha.token) as (assembly, say):

        def bed() -> Entity:
            return next(entity for entity in assembly.home.entities if entity.id == BED)

        for what, said in (("on", "Yes"), ("off", "No, off")):
            await ha.call(f"light.turn_{what}", BED)
            await until(lambda state=what: bed().state == state)  # type: ignore[misc]
            assert await say("is the bed light on") == said


async def test_what_is_renamed_hidden_or_removed_is_followed(ha: RealHomeAssistant, tmp_path: Path) -> None:
    async with assembled(tmp_path, ha.url, ha.token) as (assembly, say), ha.commands() as command:

        def names() -> set[str]:
            return {entity.name for entity in assembly.home.entities}

        async def update(**options: object) -> None:
            await command("config/entity_registry/update", **options)

        await ha.call("light.turn_off", CEILING)
        await update(entity_id=CEILING, name="Chandelier", new_entity_id="light.chandelier")
        await until(lambda: "Chandelier" in names() and "Ceiling Lights" not in names())
        assert await say("turn on the chandelier") == "Turned on the light"
        assert (await ha.states())["light.chandelier"]["state"] == "on"
        await ha.expose("light.chandelier", to_assist=False)
        await until(lambda: "Chandelier" not in names())
        assert await say("turn off the chandelier") == "I know nothing called chandelier."
        assert (await ha.states())["light.chandelier"]["state"] == "on"
        await ha.expose("light.chandelier")
        await until(lambda: "Chandelier" in names())
        await update(entity_id="light.chandelier", name=None, new_entity_id=CEILING)
        await until(lambda: "Ceiling Lights" in names())
        await update(entity_id="switch.decorative_lights", disabled_by="user")
        await until(lambda: "Decorative Lights" not in names())
        assert await say("turn on the decorative lights") != "Turned on the switch"
        await update(entity_id="switch.decorative_lights", disabled_by=None)


GONE = {
    "en": (
        ("turn off the bed light", "I cannot reach Bed Light."),
        ("is the bed light on", "I cannot find out about Bed Light at the moment."),
    ),
    "de": (
        ("Schalte das Bed Light aus", "Ich erreiche Bed Light nicht."),
        ("Ist das Bed Light an?", "Über Bed Light erfahre ich gerade nichts."),
    ),
    "fr": (
        ("Éteins Bed Light", "Je n'arrive pas à joindre Bed Light."),
        ("Est-ce que Bed Light est allumé ?", "Je ne peux rien savoir de Bed Light pour le moment."),
    ),
    "es": (
        ("Apaga Bed Light", "No puedo conectar con Bed Light."),
        ("¿Está encendida Bed Light?", "Ahora no puedo saber nada de Bed Light."),
    ),
}
"""What is said to a command and to a question while it is away."""
NOBODY = {
    "en": "Home Assistant does not answer at the moment.",
    "de": "Home Assistant antwortet gerade nicht.",
    "fr": "Home Assistant ne répond pas pour le moment.",
    "es": "Home Assistant no responde en este momento.",
}
"""What is said before it was ever there."""


async def test_one_that_restarts_is_said_to_be_away_and_is_found_again(
    ha: RealHomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with assembled(tmp_path, ha.url, ha.token) as (_, say):
        await asyncio.to_thread(ha.stop)
        for language, asked in GONE.items():
            assert [(text, await say(text, language)) for text, _ in asked] == list(asked)
        ha.start()
        async with asyncio.timeout(90):
            while await say("turn off the bed light") not in ("Turned off the light", "Bed Light is already off."):  # noqa: ASYNC110
                await asyncio.sleep(0.5)
        assert await say("turn on the bed light") == "Turned on the light"
        assert caplog.text.count("cannot be reached") == 1


async def test_one_that_is_not_there_at_first_is_found_when_it_comes(
    ha: RealHomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(ha.stop)
    async with assembled(tmp_path, ha.url, ha.token, there=False) as (assembly, say):
        await until(lambda: "cannot be reached" in caplog.text)
        assert {language: await say(asked[0][0], language) for language, asked in GONE.items()} == NOBODY
        ha.start()
        await until(lambda: BED in {entity.id for entity in assembly.home.entities}, 90)


async def test_a_wrong_token_is_said_and_not_tried_again_at_once(
    ha: RealHomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_SOONEST", 0.1)
    async with faulty_proxy(ha.url) as proxy, assembled(tmp_path, proxy.url, "wrong", there=False) as (_, say):
        await until(lambda: "does not accept the token" in caplog.text)
        await asyncio.sleep(3)
        assert (proxy.logins, caplog.text.count("does not accept the token")) == (1, 1)
        assert await say("turn off the bed light") == NOBODY["en"]
    with pytest.raises(ServiceError, match="does not accept the token"):
        await check(HomeAssistantConfig(url=ha.url, token="wrong"))
    assert (await check(HomeAssistantConfig(url=ha.url, token=ha.token))).startswith("Home Assistant 20")
