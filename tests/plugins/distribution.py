"""Plugins made on the fly: installed distributions in a folder on the path, and single files."""

from pathlib import Path

ENGINE = '''
from contextlib import asynccontextmanager
from assistant import Capabilities, Done, EngineConfig, EngineSpec, Kind, TextDelta, hookimpl

class Config(EngineConfig, frozen=True, kw_only=True):
    """Options."""

    word: str = "hello"
    """What is said."""

class Chat:
    def __init__(self, config):
        self.config = config

    async def reply(self, request):
        yield TextDelta(self.config.word)
        yield Done("stop")

    async def warm(self, request):
        pass

@asynccontextmanager
async def opened(config):
    yield Chat(config)

def spec(name, **changes):
    parts = dict(name=name, kind=Kind.CHAT, config=Config, describe=lambda c: Capabilities(), open=opened)
    return EngineSpec(**(parts | changes))
'''
"""The beginning of a plugin that offers engines: `spec(name)` makes one."""

GOOD = f"""{ENGINE}
@hookimpl
def assistant_engines():
    return [spec("good")]
"""
"""A plugin that is right."""


def install(site: Path, name: str, code: str, *, version: str = "1.0") -> None:
    """Put a distribution with the plugin *name* into *site*, as pip leaves it."""
    module = f"plugin_{name.replace('-', '_')}"
    (site / module).mkdir(parents=True)
    (site / module / "__init__.py").write_text(code, "utf-8")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[assistant]\n{name} = {module}\n")
