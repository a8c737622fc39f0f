"""What must not stand anywhere in the source: ways to run foreign code, and streams that are left open."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import files, imports, tree

SOURCE = files("assistant", "plugins", "benchmarks", "scripts", "tests")
FORBIDDEN_MODULES = {"dill", "jsonpickle", "marshal", "pickle", "shelve", "cloudpickle", "torch", "telnetlib"}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_CALLS = {
    "yaml.load",
    "yaml.load_all",
    "yaml.full_load",
    "yaml.unsafe_load",
    "torch.load",
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "asyncio.create_subprocess_shell",
    "tempfile.mktemp",
    "numpy.load",
    "np.load",
    "jinja2.Environment",
    "jinja2.Template",
    "Environment",
    "Template",
}


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers(code: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and name of each call that could run foreign code."""
    for node in ast.walk(code):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        if name in FORBIDDEN_NAMES | FORBIDDEN_CALLS:
            yield node.lineno, name
        for keyword in node.keywords:
            given = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if (keyword.arg, given) in {("shell", True), ("allow_pickle", True), ("trust_remote_code", True)}:
                yield node.lineno, f"{keyword.arg}=True"


def unclosed(code: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line of each `async for` over a call of a method that is a stream of the contract.

    Such a stream must be held by `aclosing`, or its `finally` runs at some later time. What `prefetch` and
    `iterate_in_thread` give is closed in the same way.
    """
    streams = {"capture", "iterate_in_thread", "patient", "play", "reply", "since", "speak", "subscribe", "transcribe"}
    for node in ast.walk(code):
        loops = [node] if isinstance(node, ast.AsyncFor) else getattr(node, "generators", [])
        for loop in loops:
            if isinstance(loop.iter, ast.Call) and (name := dotted(loop.iter.func).rpartition(".")[2]) in streams:
                yield loop.iter.lineno, name


@pytest.mark.parametrize("file", SOURCE, ids=str)
def test_no_foreign_code_is_run(file: Path) -> None:
    assert not [f"{file}:{line}: {name}" for line, name in dangers(tree(file))]
    assert not [f"{file}:{line}: {name}" for line, name, _ in imports(file) if name.split(".")[0] in FORBIDDEN_MODULES]


@pytest.mark.parametrize("file", [file for file in SOURCE if "tests" not in file.parts], ids=str)
def test_streams_are_closed_by_whoever_reads_them(file: Path) -> None:
    contracts = Path("assistant/testing/contracts")  # its streams are read to their end
    assert contracts in file.parents or not [f"{file}:{line}: {name}" for line, name in unclosed(tree(file))]


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "yaml.load(text)",
        "subprocess.run('ls', shell=True)",
        "np.load(file, allow_pickle=True)",
        "os.system('true')",
    ],
)
def test_the_walk_sees_dangers(code: str) -> None:
    assert list(dangers(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "async def f():\n async for x in engine.reply(request): pass",
        "async def f():\n return [x async for x in tts.speak(text, voice)]",
    ],
)
def test_the_walk_sees_streams_that_are_left_open(code: str) -> None:
    assert list(unclosed(ast.parse(code)))
