"""System prompts on disk: the files by themselves, and restarts with the real model."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from assistant_llama_cpp import LlamaConfig, open_llama
from assistant_llama_cpp.saved import SavedPrefixes, fingerprint

from assistant import ChatMessage, ChatRequest, Done, Sampling, TextDelta, ToolSpec, Usage

TOKENS, STATE = [1, 2, 3], bytes(range(256)) * 40
SYSTEM = ChatMessage.of("system", "You are a helpful voice assistant. Answer in one short sentence.")
TIMER = ToolSpec("set_timer", "Set a timer.", {"type": "object", "properties": {"minutes": {"type": "integer"}}})
SECRET = "My name is Rumpelstiltskin."


@contextmanager
def prefixes(folder: Path, limit: int = 1 << 20, key: bytes = b"key") -> Iterator[SavedPrefixes]:
    with closing(SavedPrefixes(folder, limit, key)) as made:
        yield made


def keep(folder: Path, *prompts: list[int], limit: int = 1 << 20) -> list[Path]:
    """Save a state for each prompt, one after the other; return the files that are there."""
    for n, tokens in enumerate(prompts):
        with prefixes(folder, limit) as saved:
            assert saved.wants(tokens, len(STATE))
            saved.save(tokens, STATE)
        for file in folder.iterdir():  # clocks are coarse: make the order certain
            os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns - (len(prompts) - n) * 10**9))
    return files(folder)


def test_what_is_saved_is_loaded_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    (file,) = keep(tmp_path / "deep" / "folder", TOKENS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with prefixes(file.parent) as saved:
        assert saved.load(TOKENS) == STATE
        assert not saved.wants(TOKENS, len(STATE)), "it is there"
        assert saved.load([1, 2]) is saved.load([1, 2, 3, 4]) is None
        assert saved.wants([1, 2], len(STATE)) and not saved.wants([1, 2], 1 << 20)
    with prefixes(file.parent, key=b"another model") as saved:
        assert saved.load(TOKENS) is None
    assert file.exists()


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def damages() -> dict[str, Callable[[bytes], bytes]]:
    def flipped(at: int) -> Callable[[bytes], bytes]:
        return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return {
        "empty": lambda data: b"",
        "the header only": lambda data: data[:51],
        "cut": lambda data: data[:-1],
        "longer": lambda data: data + b"\0",
        "of another version": flipped(17),
        "a digest of something else": flipped(30),
        "one bit, at the start": flipped(51),
        "one bit, at the end": flipped(51 + len(STATE) - 1),
        "too large": lambda data: data + bytes(1 << 20),
    }


@pytest.mark.parametrize("case", damages())
def test_a_damaged_file_is_deleted_and_not_loaded(case: str, tmp_path: Path) -> None:
    (file,) = keep(tmp_path, TOKENS)
    file.write_bytes(damages()[case](file.read_bytes()))
    with prefixes(tmp_path) as saved:
        assert saved.load(TOKENS) is None
        assert not file.exists() and saved.wants(TOKENS, len(STATE))


def test_no_file_stands_in_for_another(tmp_path: Path) -> None:
    one, other = keep(tmp_path, TOKENS, [4, 5])
    one.replace(other)
    with prefixes(tmp_path) as saved:
        assert saved.load(TOKENS) is saved.load([4, 5]) is None
    assert not files(tmp_path)


def put_link(file: Path) -> None:
    target = file.with_name("target")
    file.rename(target)
    file.symlink_to(target)


def put_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("put", [put_link, put_pipe])
def test_what_is_no_plain_file_is_deleted_without_being_read(put: Callable[[Path], None], tmp_path: Path) -> None:
    (file,) = keep(tmp_path, TOKENS)
    put(file)
    with prefixes(tmp_path) as saved:
        assert saved.load(TOKENS) is None
    assert not file.is_symlink() and not file.exists()


def test_the_least_recently_used_makes_room(tmp_path: Path) -> None:
    keep(tmp_path, [1], [2], [3])
    with prefixes(tmp_path) as saved:
        assert saved.load([1]) == STATE  # and so it was used last
    part = tmp_path / "abandoned.part"
    part.touch()
    os.utime(part, (0, 0))
    (tmp_path / "busy.part").touch()
    keep(tmp_path, [4], limit=3 * len(STATE) + 300)
    with prefixes(tmp_path) as saved:
        assert [bool(saved.load([n])) for n in (1, 2, 3, 4)] == [True, False, True, True]
    assert not part.exists() and (tmp_path / "busy.part").exists()


def test_a_disk_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with prefixes(tmp_path / "file") as saved:
        saved.save(TOKENS, STATE)
        saved.save([4], STATE)
    assert "cannot be saved" in caplog.text
    assert not saved.wants(TOKENS, 1), "it is not tried again and again"


def test_a_fingerprint_tells_files_and_settings_apart(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    seen = set()
    for data in (b"", b"a", b"b", b"a" * (3 << 20), b"a" * ((3 << 20) - 1) + b"b"):
        file.write_bytes(data)
        os.utime(file, (1, 1))
        seen |= {fingerprint(file), fingerprint(file, "0.3.36", 4096)}
    os.utime(file, (2, 2))
    assert len({*seen, fingerprint(file)}) == 11
    assert fingerprint(file) == fingerprint(file)


# -- with the real model ----------------------------------------------------------------------------------------------


async def run(model: str, *, warm: bool = True, **options: Any) -> tuple[str, Usage]:
    """Start the engine, warm it as the daemon does, ask something, stop it; return the reply and what it cost."""
    async with open_llama(LlamaConfig(model=model, threads=1, context=2048, **options)) as chat:
        if warm:
            await chat.warm(ChatRequest((SYSTEM,), tools=(TIMER,)))
        question = (SYSTEM, ChatMessage.of("user", "What is the capital of France?"))
        sampling = Sampling(temperature=0, repeat_penalty=1)
        request = ChatRequest(question, conversation="kitchen", tools=(TIMER,), sampling=sampling, max_tokens=16)
        words = ""
        async with aclosing(chat.reply(request)) as reply:
            async for delta in reply:
                if isinstance(delta, TextDelta):
                    words += delta.text
                elif isinstance(delta, Done):
                    return words, delta.usage
    raise AssertionError("the reply has no end")


async def test_a_restart_starts_warm_and_says_the_same(model: str, saved: Path) -> None:
    cold, usage = await run(model, warm=False)
    assert usage.cached_tokens == 0 and not files(saved), "only what was warmed by itself is saved"
    first, _ = await run(model)
    (file,) = files(saved)
    content = file.read_bytes()
    for warm in (True, False):
        again, usage = await run(model, warm=warm)
        assert again == first == cold
        assert usage.prompt_tokens - usage.cached_tokens < 20 < usage.cached_tokens
    assert files(saved) == [file] and file.read_bytes() == content


async def test_a_restored_prompt_is_not_read_again(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await run(model)
    async with open_llama(LlamaConfig(model=model, threads=1, context=2048)) as chat:
        native: Any = chat._worker._model
        monkeypatch.setattr(native, "decode", lambda entries: pytest.fail("there is nothing to compute"))
        await chat.warm(ChatRequest((SYSTEM,), tools=(TIMER,)))


async def test_nothing_that_a_person_said_is_saved(model: str, saved: Path) -> None:
    """Whatever is said, the files are the same to the last bit: they hold nothing of it."""
    contents = []
    for said in (SECRET, "Something else."):
        async with open_llama(LlamaConfig(model=model, threads=1, context=2048)) as chat:
            talk = (SYSTEM, ChatMessage.of("user", said), ChatMessage.of("assistant", "I see."))
            await chat.warm(ChatRequest(talk, conversation="kitchen"))
            await chat.warm(ChatRequest(talk[:2], conversation="kitchen"))
            await chat.warm(ChatRequest((SYSTEM, ChatMessage.of("system", said)), conversation="kitchen"))
            await chat.warm(ChatRequest((ChatMessage.of("user", said),)))
            assert not files(saved)
            await chat.warm(ChatRequest((SYSTEM,), conversation="kitchen"))
        (file,) = files(saved)
        contents.append(file.read_bytes())
        file.unlink()
    assert contents[0] == contents[1]


@pytest.mark.parametrize("damage", ["damaged", "refused"])
async def test_a_state_that_cannot_be_used_is_made_afresh(
    damage: str, model: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold, _ = await run(model)
    (file,) = files(saved)
    good = file.read_bytes()
    if damage == "damaged":
        file.write_bytes(good[:-7])
    else:  # as llama.cpp does where there is no room
        from assistant_llama_cpp.native import Model

        monkeypatch.setattr(Model, "restore", lambda model, sequence, state: model.clear(sequence))
    text, _ = await run(model)
    assert text == cold
    assert file.read_bytes() == good


async def test_llama_cpp_refuses_a_state_for_which_there_is_no_room(model: str, saved: Path) -> None:
    """The larger half of a context is taken by a reply; the saved prompt does not fit beside it."""
    rules = ChatMessage.of("system", "Be kind. " * 60)
    small = LlamaConfig(model=model, threads=1, context=256)
    async with open_llama(small) as chat:
        await chat.warm(ChatRequest((rules,)))
    assert files(saved)
    async with open_llama(small) as chat:
        native: Any = chat._worker._model
        native.load([(1, n, 5, False) for n in range(130)])
        native.decode()
        state = chat._worker._stepper._saved.load((await chat._preparer.warm(ChatRequest((rules,)))).tokens)
        assert state is not None and not native.restore(0, state)
        native.clear(5)
        assert native.restore(0, state)
        native.clear(0)
        await chat.warm(ChatRequest((rules,)))


async def test_other_settings_and_no_disk_cache_do_not_meet(model: str, saved: Path) -> None:
    await run(model, disk_cache=0)
    assert not files(saved)
    await run(model)
    _, usage = await run(model, warm=False, slots=3)
    assert usage.cached_tokens == 0
    _, usage = await run(model, warm=False, disk_cache=0)
    assert usage.cached_tokens == 0
