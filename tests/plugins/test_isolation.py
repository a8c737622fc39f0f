"""A plugin that fails is named and set aside whole, and the others run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant import ChatRequest, ConfigError, PluginError
from assistant.engines import Capabilities
from assistant.host import Candidate
from assistant.plugins import Plugins
from tests.plugins.conftest import find
from tests.plugins.distribution import ENGINE, GOOD, install

Load = Callable[..., Plugins]


def engines(code: str) -> str:
    """Write a plugin whose engines are what *code* says."""
    return f"{ENGINE}\n@hookimpl\ndef assistant_engines():\n    {code}\n"


AT_LOADING = {
    "raises": ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    "does not parse": ("def :", "SyntaxError"),
    "misses a library": ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "raises what is no Exception": ("class Stop(BaseException): pass\nraise Stop('now')", "Stop: now"),
    "is not UTF-8": ("# -*- coding: ascii -*-\nx = 'ä'", "SyntaxError"),
    "has a misspelt hook": (
        engines("return []").replace("engines():", "enginse():"),
        "no hook named assistant_enginse",
    ),
    "has a hook of no such name": (
        engines("return []").replace("assistant_engines", "xyz"),
        "there is no hook named xyz",
    ),
    "wants a wrong argument": (engines("return []").replace("engines()", "engines(loop)"), "loop"),
    "wraps a hook": (engines("yield").replace("@hookimpl", "@hookimpl(wrapper=True)"), "hook wrapper"),
    "fails in the hook": (engines("raise KeyError('x')"), "KeyError: 'x'"),
    "exits in the hook": (engines("raise SystemExit"), "SystemExit"),
    "fails half-way": (engines("yield spec('half')\n    raise OSError('then')"), "OSError: then"),
    "offers something else": (engines("return ['chat']"), "assistant_engines returned str, not EngineSpec"),
    "offers no list": (engines("return 5"), "TypeError"),
    "is of another interface": (engines("return [spec('old', api=2)]"), "plugin interface 2; this is 1"),
    "has a kind there is not": (engines("return [spec('odd', kind='oracle')]"), "of the kind 'oracle'"),
    "has options of no struct": (engines("return [spec('odd', config=dict)]"), "no struct"),
    "offers an engine twice": (engines("return [spec('twin'), spec('twin')]"), "'twin' is already on offer"),
    "offers another's engine": (engines("return [spec('good')]"), "'good' is already on offer"),
}


@pytest.mark.parametrize("fault", AT_LOADING)
def test_a_plugin_that_fails_at_loading_is_set_aside_and_the_others_run(load: Load, fault: str) -> None:
    code, says = AT_LOADING[fault]
    plugins = load(a_good=GOOD, broken=code, other=engines("return [spec('another')]"))
    broken = find(plugins, "broken")
    assert broken.failure is not None
    assert says in str(broken.failure)
    assert broken.origin == "plugin_broken 1.0"
    assert broken.engines == ()
    assert {"good", "another"} <= set(plugins.engines)
    assert not {"half", "odd", "old", "twin"} & set(plugins.engines)
    assert not find(plugins, "a_good").failure


def test_a_misspelt_hook_names_the_nearest(load: Load) -> None:
    code, _ = AT_LOADING["has a misspelt hook"]
    failure = find(load(broken=code), "broken").failure
    assert failure is not None
    assert failure.hint == "did you mean assistant_engines?"


def test_ctrl_c_is_a_persons_and_no_fault_of_the_plugin(load: Load) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(broken="raise KeyboardInterrupt")


HOOKS = {
    "assistant_services()": lambda plugins: plugins.services(),
    "assistant_tools(host)": lambda plugins: plugins.tools(object()),
    "assistant_routes(host)": lambda plugins: plugins.routes(object()),
    "assistant_commands()": lambda plugins: plugins.commands(),
    "assistant_observers()": lambda plugins: plugins.observers(),
}


@pytest.mark.parametrize(
    "body", ["raise RuntimeError('no luck')", "raise SystemExit(1)", "return [object()]", "return 5"]
)
@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_fails_or_returns_something_else_sets_its_plugin_aside(load: Load, hook: str, body: str) -> None:
    mine = engines("return [spec('mine')]")
    broken = f"{mine}\n@hookimpl\ndef {hook}:\n    {body}\n"
    right = f"from assistant import hookimpl\n@hookimpl\ndef {hook}:\n    return ()\n"
    plugins = load(a=right, broken=broken, z=right)
    assert "mine" in plugins.engines
    assert not list(HOOKS[hook](plugins))
    assert find(plugins, "broken").failure is not None
    assert "mine" not in plugins.engines
    assert not find(plugins, "a").failure
    assert not find(plugins, "z").failure
    HOOKS[hook](plugins)  # what is set aside is not asked again


SERVICE = """
from assistant import EngineConfig, ServiceSpec, hookimpl

async def run(section, host):
    pass

@hookimpl
def assistant_services():
    return [ServiceSpec(name="door", config=EngineConfig, run=run{more})]
"""


def test_the_first_of_two_services_of_one_name_is_used(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    plugins = load(a=SERVICE.format(more=""), b=SERVICE.format(more=""))
    assert plugins.services()["door"].run.__module__ == "plugin_a"
    assert "plugin b offers the service door, which another already offers" in caplog.text


def test_a_service_of_another_interface_sets_its_plugin_aside(load: Load) -> None:
    plugins = load(old=SERVICE.format(more=", api=0"))
    assert not plugins.services()
    assert "plugin interface 0" in str(find(plugins, "old").failure)


ROUTES = """
from aiohttp import web
from assistant import hookimpl

async def answer(request):
    return web.Response()

@hookimpl
def assistant_routes(host):
    return {routes}
"""


@pytest.mark.parametrize(
    "routes",
    ["[web.get('no-slash', answer)]", "[web.get('/{open', answer)]", "[web.get('/a', answer), web.get('/a', answer)]"],
)
def test_routes_that_cannot_be_mounted_set_their_plugin_aside(load: Load, routes: str) -> None:
    plugins = load(broken=ROUTES.format(routes=routes), right=ROUTES.format(routes="[web.get('/a', answer)]"))
    assert [name for name, _ in plugins.routes(object())] == ["right"]
    assert find(plugins, "broken").failure is not None


# -- names -----------------------------------------------------------------------------------------------------------


def test_of_two_plugins_of_one_name_the_installed_one_is_used(load: Load, folder: Path) -> None:
    (folder / "twin.py").write_text(engines("return [spec('of_the_file')]"))
    plugins = load(twin=engines("return [spec('installed')]"))
    first, second = (plugin for plugin in plugins if plugin.name == "twin")
    assert (first.failure, first.engines) == (None, ("installed",))
    assert "another plugin already has this name" in str(second.failure)
    assert second.origin == str(folder / "twin.py")
    assert "installed" in plugins.engines
    assert "of_the_file" not in plugins.engines


def test_a_distribution_that_stands_further_ahead_hides_an_older_one(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "older").mkdir()
    install(tmp_path / "older", "mine", "raise RuntimeError('the old one')", version="0.9")
    monkeypatch.syspath_prepend(tmp_path / "older")
    monkeypatch.syspath_prepend(tmp_path / "site")
    plugin = find(load(mine=GOOD), "mine")
    assert (plugin.failure, plugin.origin) == (None, "plugin_mine 1.0")


@pytest.mark.parametrize(
    "damage",
    [b"[assistant]\nno equals sign\n", b"[assistant]\nx = y\xff\n", b"[assistant]\nx = !!!\n"],
    ids=["no entry", "not UTF-8", "no module"],
)
def test_a_damaged_distribution_is_named_and_the_others_run(load: Load, site: Path, damage: bytes) -> None:
    install(site, "broken", "")
    (site / "plugin_broken-1.0.dist-info" / "entry_points.txt").write_bytes(damage)
    plugins = load(fine=GOOD)
    assert "good" in plugins.engines
    broken = [plugin for plugin in plugins if plugin.failure]
    assert len(broken) == 1
    assert "plugin_broken" in broken[0].origin


# -- single files ----------------------------------------------------------------------------------------------------


def test_single_files_are_loaded_in_the_order_of_their_names(load: Load, folder: Path) -> None:
    (folder / "b.py").write_text(engines("return [spec('b')]"))
    (folder / "a.py").write_text("raise RuntimeError('no luck')")
    (folder / "c-d.py").write_text(GOOD)
    (folder / "_part.py").write_text("raise RuntimeError('not a plugin')")
    (folder / ".#b.py").symlink_to(folder / "nowhere")
    (folder / "notes.txt").write_text("no plugin")
    (folder / "folder.py").mkdir()
    plugins = load()
    assert [p.name for p in plugins if p.origin.startswith(str(folder))] == ["a", "b", "c-d", "folder"]
    assert {"b", "good"} <= set(plugins.engines)
    assert str(find(plugins, "a").failure) == "RuntimeError: no luck"


def test_a_single_file_may_defer_its_annotations(load: Load, folder: Path) -> None:
    code = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + GOOD
    code += "\n@dataclass(slots=True)\nclass Note:\n    text: str\n"
    (folder / "mine.py").write_text(code)
    plugins = load()
    assert find(plugins, "mine").failure is None
    assert plugins.engines["good"].config().word == "hello"


def test_a_folder_that_is_not_there_is_no_fault(site: Path) -> None:
    assert "wav" in {plugin.name for plugin in Plugins.load(folder=site / "nowhere")}


# -- the configuration ------------------------------------------------------------------------------------------------


def test_a_plugin_that_is_switched_off_is_not_even_imported(load: Load) -> None:
    plugins = load(disabled=("off",), off="raise RuntimeError('imported')", on=GOOD)
    off = find(plugins, "off")
    assert (off.disabled, off.failure) == (True, None)
    assert "good" in plugins.engines


@pytest.mark.parametrize("more", [{}, {"broken": "raise RuntimeError('no luck')"}], ids=["all fine", "one broken"])
def test_an_engine_that_is_written_wrongly_names_the_nearest(load: Load, more: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as error:
        load(fine=GOOD, **more).engine("godo", "here:1")
    assert (str(error.value), error.value.hint) == (
        "here:1: no plugin offers the engine 'godo'",
        "did you mean 'good'?",
    )


def test_an_engine_that_nobody_offers_tells_how_to_install_one(load: Load) -> None:
    late = (
        engines("return [spec('mine')]") + "\n@hookimpl\ndef assistant_commands():\n    raise RuntimeError('no luck')\n"
    )
    plugins = load(fine=GOOD, late=late)
    plugins.commands()  # `late` is set aside, but this engine was none of its own
    with pytest.raises(ConfigError) as error:
        plugins.engine("xxxxxxxx", "here:1")
    assert error.value.hint == "in a clone: assistant plugins install plugins/inglenook-xxxxxxxx"


@pytest.mark.parametrize(
    ("name", "engine"),
    [("broken", "xxxxxxxx"), ("broken", "broken-chat"), ("goods", "goods")],
    ids=["of any name", "named after its plugin", "named after its plugin and like another"],
)
def test_an_engine_whose_plugin_was_set_aside_says_so(load: Load, name: str, engine: str) -> None:
    plugins = load(fine=GOOD, **{name: "raise RuntimeError('no luck')"})
    with pytest.raises(PluginError, match=f"plugin {name} was set aside: RuntimeError: no luck"):
        plugins.engine(engine, "here:1")


def test_an_engine_whose_plugin_was_set_aside_later_says_so(load: Load) -> None:
    later = (
        engines("return [spec('xyz')]") + "\n@hookimpl\ndef assistant_commands():\n    raise RuntimeError('no luck')\n"
    )
    plugins = load(later=later)
    assert plugins.engine("xyz", "here:1").name == "xyz"
    plugins.commands()
    with pytest.raises(PluginError, match="plugin later was set aside: RuntimeError: no luck"):
        plugins.engine("xyz", "here:1")
    assert find(plugins, "later").engines == ("xyz",)


# -- who answers -----------------------------------------------------------------------------------------------------

ROUTER = "from assistant import hookimpl\n@hookimpl\ndef assistant_route_turn(request, candidates):\n    {body}\n"
REQUEST = ChatRequest(())
CANDIDATES = tuple(Candidate(name, Capabilities()) for name in ("small", "large"))


@pytest.mark.parametrize(
    ("bodies", "wanted"),
    [
        ([], None),
        (["return None"], None),
        (["return 'large'"], "large"),
        (["return candidates[-1].id"], "large"),
        (["return None", "return 'small'"], "small"),
        (["return 'huge'", "return 'small'"], "small"),
        (["return 5", "return ['large']", "return {}", "return 'small'"], "small"),
        (["raise RuntimeError", "return 'small'"], "small"),
        (["raise SystemExit", "return 'small'"], "small"),
        (["return 'large'", "return 'small'"], "large"),
    ],
)
def test_the_first_plugin_that_names_a_candidate_chooses(load: Load, bodies: list[str], wanted: str | None) -> None:
    plugins = load(**{f"p{n}": ROUTER.format(body=body) for n, body in enumerate(bodies)})
    assert plugins.route_turn(REQUEST, CANDIDATES) == wanted
    assert plugins.route_turn(REQUEST, CANDIDATES) == wanted


def test_a_plugin_that_takes_only_what_it_needs_is_asked(load: Load) -> None:
    code = ROUTER.format(body="return candidates[1].id").replace("request, ", "")
    assert load(one=code).route_turn(REQUEST, CANDIDATES) == "large"
