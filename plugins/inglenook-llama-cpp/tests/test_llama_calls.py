import pytest
from assistant_llama_cpp.calls import CallParser, call_text, calls_in
from assistant_llama_cpp.output import Output
from assistant_llama_cpp.text import StopTexts, undecided

from assistant import TextDelta, ToolCall
from assistant.testing import check_wire

CALL = '{"name": "set_timer", "arguments": {"minutes": 5}}'
TIMER = ("set_timer", {"minutes": 5})
CASES = {
    "words": ("Hello there.", "Hello there.", []),
    "hermes": (f"<tool_call>\n{CALL}\n</tool_call>", "", [TIMER]),
    "words before": (f"One moment. <tool_call>{CALL}</tool_call>", "One moment. ", [TIMER]),
    "two calls": (f"<tool_call>{CALL}</tool_call>\n<tool_call>{CALL}</tool_call>\n", "", [TIMER, TIMER]),
    "a list": (f"<tool_call>[{CALL}]</tool_call>", "", [TIMER]),
    "never closed": (f"<tool_call>{CALL}", "", [TIMER]),
    "mistral": (f"[TOOL_CALLS] [{CALL}]", "", [TIMER]),
    "llama": (CALL.replace("arguments", "parameters"), "", [TIMER]),
    "llama with a tag": (f"<|python_tag|>{CALL}", "", [TIMER]),
    "arguments as text": ('{"name": "set_timer", "arguments": "{\\"minutes\\": 5}"}', "", [TIMER]),
    "no arguments": ('<tool_call>{"name": "set_timer"}</tool_call>', "", [("set_timer", {})]),
    "words after": (f"<tool_call>{CALL}</tool_call> Done.", "Done.", [TIMER]),
    "malformed": ("<tool_call>{nonsense</tool_call> and on", "<tool_call>{nonsense</tool_call> and on", []),
    "malformed, unclosed": ("<tool_call>{nonsense", "<tool_call>{nonsense", []),
    "a number": ("<tool_call>5</tool_call>", "<tool_call>5</tool_call>", []),
    "arguments are a list": ('{"name": "set_timer", "arguments": [1]}', '{"name": "set_timer", "arguments": [1]}', []),
    "data, not a call": ('{"colour": "red"}', '{"colour": "red"}', []),
    "no such tool, bare": ('{"name": "Ada", "arguments": {}}', '{"name": "Ada", "arguments": {}}', []),
    "only a bracket": ("[laughs] Hello", "[laughs] Hello", []),
    "nearly a mark": ("a <tool_box> b", "a <tool_box> b", []),
    "a lone mark start": ("1 <", "1 <", []),
    "space": ("  ", "  ", []),
    "nothing": ("", "", []),
}


def parse(text: str, size: int, complete: bool = True) -> tuple[str, list[tuple[str, object]], list[str]]:
    parser = CallParser(["set_timer"])
    deltas = [delta for at in range(0, len(text), size) for delta in parser.push(text[at : at + size])]
    deltas += parser.end(complete)
    assert parser.called == any(isinstance(delta, ToolCall) for delta in deltas)
    for delta in deltas:
        check_wire(delta)
    words = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    calls: list[tuple[str, object]] = [(d.name, dict(d.arguments)) for d in deltas if isinstance(d, ToolCall)]
    return "".join(words), calls, words


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("case", CASES)
def test_calls_are_told_from_text_however_it_is_cut(case: str, size: int) -> None:
    text, words, calls = CASES[case]
    assert parse(text, size)[:2] == (words, calls)


def test_text_is_not_held_back() -> None:
    assert parse("Hello you", 1)[2] == list("Hello you")


@pytest.mark.parametrize(
    "text", [f"Well, <tool_call>{CALL[:-9]}", f"Well, <tool_call>{CALL[:20]}", "Well, <tool_call>"]
)
def test_a_call_that_was_cut_off_is_dropped(text: str) -> None:
    assert parse(text, 3, complete=False)[:2] == ("Well, ", [])


def test_a_bare_call_that_was_cut_off_is_dropped() -> None:
    assert parse(CALL[:30], 3, complete=False)[:2] == ("", [])
    assert parse('{"colour": "r', 3, complete=False)[:2] == ('{"colour": "r', [])


def test_ids_differ() -> None:
    one, other = calls_in(f"[{CALL}, {CALL}]")
    assert one.call_id != other.call_id


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"name": "\\ud800"}',
        '{"name": "a", "arguments": {"n": ' + "9" * 400 + "}}",
        "null",
        "[1]",
        '"x"',
    ],
)
def test_hostile_json_is_no_call_and_no_crash(text: str) -> None:
    for call in calls_in(text):
        check_wire(call)


def test_what_is_written_can_be_read() -> None:
    assert parse(call_text("set_timer", {"minutes": 5}), 4)[1] == [TIMER]


@pytest.mark.parametrize(("text", "count"), [("abc", 0), ("ab<", 1), ("ab<to", 3), ("<tool_call>", 0), ("", 0)])
def test_undecided(text: str, count: int) -> None:
    assert undecided(text, ("<tool_call>",)) == count


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_stop_text_ends_the_reply_wherever_tokens_divide_it(size: int) -> None:
    stops, said = StopTexts(["\nUser:", "###"]), ""
    data = "Grüße 🙂 an alle\nUse it\nUser: no".encode()
    for at in range(0, len(data), size):
        said += stops.push(data[at : at + size])
    assert stops.stopped and said == "Grüße 🙂 an alle\nUse it"
    assert stops.push(b"more", final=True) == ""


def test_only_whole_characters_leave() -> None:
    stops = StopTexts()
    pieces = [stops.push(bytes([byte])) for byte in "é🙂".encode()]
    assert pieces == ["", "é", "", "", "", "🙂"]
    assert stops.push("🙂".encode()[:2]) == "" and stops.push(b"", final=True) == "\ufffd"


def test_what_was_held_back_for_a_stop_text_is_let_go_at_the_end() -> None:
    output = Output(["###"])
    assert output.push(b"one ##") == [TextDelta("one ")]
    assert output.end(complete=True) == [TextDelta("##")]


def test_a_frame_stands_around_what_the_model_writes() -> None:
    output = Output((), ["set_timer"], '<tool_call>\n{"name": "set_timer", "arguments": ', "}\n</tool_call>")
    assert output.push(b'{"minutes": 5}') == []
    (call,) = output.end(complete=True)
    assert isinstance(call, ToolCall) and (call.name, call.arguments) == TIMER and output.called
