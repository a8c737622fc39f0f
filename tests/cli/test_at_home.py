"""A command that runs no services has the house for as long as it needs it."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from assistant import Home, Host, ServiceError, ServiceSpec, hookimpl
from assistant.assembly import assemble
from assistant.cli.at_home import at_home
from assistant.config import load
from assistant.plugins import Plugins
from tests.home.house import House


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    there: bool = True


class Hub:
    """A plugin whose house is there after a while, or never."""

    here = 0

    async def run(self, config: Options, host: Host) -> None:
        raise AssertionError("a command serves nobody")

    async def house(self, config: Options, home: Home) -> None:
        if not config.there:
            raise ServiceError("the hub is not there")
        await asyncio.sleep(0.05)
        async with home.attached(House()):
            self.here += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.here -= 1

    @hookimpl
    def assistant_services(self) -> list[ServiceSpec[Options]]:
        return [
            ServiceSpec(name="hub", config=Options, run=self.run, house=self.house),
            ServiceSpec(name="door", config=Options, run=self.run),
        ]


@pytest.mark.parametrize("there", [True, False])
async def test_the_house_is_there_and_gone_again(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    monkeypatch.setattr("assistant.cli.at_home._COMES", 1.0)
    file = tmp_path / "assistant.yaml"
    file.write_text(
        f"models: {{chat: {{engine: echo}}}}\nservices: {{hub: {{there: {str(there).lower()}}}, door: {{}}}}\n"
    )
    hub, plugins = Hub(), Plugins.load()
    plugins.add("hub", lambda: hub)
    async with assemble(load(file, {}), plugins) as assembly:
        async with at_home(assembly):
            assert (hub.here, bool(assembly.home.entities)) == (int(there), there)
        assert (hub.here, assembly.home.entities) == (0, ())
    assert ("hub: the hub is not there" in caplog.text) is not there
