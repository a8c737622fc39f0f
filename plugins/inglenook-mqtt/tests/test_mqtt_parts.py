"""The parts that need no broker."""

import re
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest
from assistant_mqtt import EntityOptions, MqttConfig, assistant_services
from assistant_mqtt.announcements import read_announcement
from assistant_mqtt.broker import _Inbox
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things import colours
from assistant_mqtt.topics import matches

README = Path(__file__).parents[1] / "README.md"

VALUES = {"value": "21.5", "value_json": {"state": "ON", "level": 40, "on": True, "a": [1, 2], "x": {"y": None}}}


def test_the_readme_lists_every_option_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([\w.*]+)` \| (?:`(.*?)`)? ?\|", README.read_text(), re.MULTILINE))
    wanted = {}
    for prefix, struct in (("", MqttConfig), ("entities.*.", EntityOptions)):
        for field in msgspec.structs.fields(struct):
            default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
            wanted[prefix + field.name] = str(default).lower() if isinstance(default, bool) else str(default)
    assert rows == wanted


def test_every_option_says_what_it_does_where_the_configuration_is_read() -> None:
    spec = assistant_services()[0]
    assert (spec.name, spec.config) == ("mqtt", MqttConfig)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 70_000},
        {"prefix": "home/#"},
        {"prefix": "$SYS"},
        {"base": ""},
        {"command_topics": ["a/#/b"]},
        {"command_topics": [""]},
        {"answer": 0},
        {"limit": 0},
        {"ca_file": "x.pem"},
        {"password": "x"},
        {"entities": {"light.a": {"room": "x"}}},
        {"hosts": "x"},
    ],
)
def test_a_wrong_option_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, MqttConfig)


def test_the_port_follows_tls() -> None:
    assert [MqttConfig(tls=tls).usual_port for tls in (False, True)] == [1883, 8883]
    assert MqttConfig(port=5, tls=True).usual_port == 5


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("{{ value }}", "21.5"),
        ("{{ value_json.state }}", "ON"),
        ("{{ value_json['state'] }}", "ON"),
        ('{{ value_json["a"][1] }}', "2"),
        ("{{ value_json.on }}", "True"),
        ("{{ value_json.missing }}", ""),
        ("{{ value_json.missing | default('x') }}", "x"),
        ("{{ value_json.x.y }}", "None"),
        ("{{ value_json.missing.deeper }}", None),
        ("{{ value | float + 1 }}", "22.5"),
        ("{{ (value_json.level / 254 * 100) | round(0) | int }}", "16"),
        ("{{ value_json.level * 2 - 1 }} %", "79 %"),
        ("{{ 'ON' if value_json.level > 0 else 'OFF' }}", "ON"),
        ("{% if 'level' in value_json and value_json.level %} opening {% else %} stopped {% endif %}", "opening"),
        ("{% if value_json.none is defined %}a{% elif value_json.level == 40 %}b{% else %}c{% endif %}", "b"),
        ("{% set v = {None: None, 'idle': 'idle', 'ON': 'heating'} %}{{ v[value_json.state] }}", "heating"),
        ("{{ {'ON': 1, 'OFF': 0}[value_json.state] | default('None') }}", "1"),
        ("{{ value_json.get('progress', 'null') }}", "null"),
        ("{{ (value_json.state == 'ON') | lower }}", "true"),
        ("{{ value.split('.')[0] }}{# a comment #}", "21"),
        ("{{ value_json.state | replace('O', '0') ~ '!' }}", "0N!"),
        ("{{ value_json | tojson }}", '{"state":"ON","level":40,"on":true,"a":[1,2],"x":{"y":null}}'),
        ("{{ not value_json.on }}{{ -value_json.level }}", "False-40"),
        ("{{ value | int(default) }}{{ 'x' | int(7) }}", "217"),
        ("{{ 1 / 0 }}", None),
        ("{{ 'a' * 1000000000 }}", None),
        ("{{ value_json.state + 1 }}", None),
    ],
)
def test_templates_pick_values_out_of_messages(template: str, made: str | None) -> None:
    assert not ValueTemplate(template).fault
    assert ValueTemplate(template).render(VALUES) == made


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(10) %}x{% endfor %}",
        "{{ range(1000000000) | list }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ value.format(1) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ value | regex_replace('(a+)+$', '') }}",
        "{{ states('light.kitchen') }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ lipsum() }}",
        "{{ value | default(*value_json.a) }}",
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{{ " + "-" * 1_900 + "1 }}",
        "{{ unclosed",
        "{{ value }}" * 1_000,
    ],
)
def test_a_template_that_needs_more_has_a_fault_and_makes_nothing(template: str) -> None:
    assert ValueTemplate(template).fault
    assert ValueTemplate(template).render(VALUES) is None


def test_what_a_template_makes_is_bounded() -> None:
    doubled = "{% set a = value %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}"
    assert ValueTemplate(doubled).render(VALUES) is None
    assert ValueTemplate("{{ value | replace('', value) }}").render({"value": "x" * 60_000}) is None
    digits = "{{ (value | int) " + "* (value | int)" * 100 + " }}"
    assert ValueTemplate(digits).render({"value": "9" * 4_000}) is None


def test_attributes_of_python_are_never_reached() -> None:
    assert ValueTemplate("{{ value.__class__ }}").render(VALUES) is None
    assert ValueTemplate("{{ value_json.keys }}").render(VALUES) == ""


@pytest.mark.parametrize(
    ("topic", "pattern", "wanted"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/+", True),
        ("a/b/c", "a/+", False),
        ("a/b/c", "a/#", True),
        ("a", "a/#", True),
        ("b", "a/#", False),
        ("a", "a/b", False),
        ("$SYS/x", "#", False),
        ("$SYS/x", "+/x", False),
    ],
)
def test_filters(topic: str, pattern: str, wanted: bool) -> None:
    assert matches(topic, pattern) is wanted


def test_an_inbox_that_is_full_loses_what_comes_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    inbox = _Inbox()
    for _ in range(40):
        inbox.put_nowait(aiomqtt.Message("a", b"x" * 250_000, 0, False, 1, None))
    assert (inbox.qsize(), inbox.lost) == (33, 7)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    while not inbox.empty():
        inbox.get_nowait()
    for _ in range(5_000):
        inbox.put_nowait(aiomqtt.Message("a", b"", 0, False, 1, None))
    assert (inbox.qsize(), inbox.lost) == (4_096, 911)


def test_short_names_and_the_base_of_topics() -> None:
    payload = b'{"~":"a/b","cmd_t":"~/set","stat_t":"c/~","avty":[{"t":"~/here","val_tpl":"x"}],"dev":{"sa":"Den"}}'
    (one,) = read_announcement("homeassistant/switch/node/object/config", payload, "homeassistant")
    assert (one.key, one.component) == ("switch/node/object", "switch")
    assert one.options["command_topic"] == "a/b/set"
    assert one.options["state_topic"] == "c/a/b"
    assert one.options["availability"] == [{"topic": "a/b/here", "value_template": "x"}]
    assert one.options["device"] == {"suggested_area": "Den"}


def test_what_a_device_says_once_and_what_it_takes_back() -> None:
    payload = b"""{"dev":{"name":"D"},"avty_t":"d/here","state_topic":"d","qos":1,
        "cmps":{"a":{"p":"switch","cmd_t":"d/set"},"b":{"p":"sensor"}}}"""
    announced = read_announcement("homeassistant/device/d/config", payload, "homeassistant")
    assert [one.key for one in announced] == ["device/d/a"]
    assert announced[0].options["availability_topic"] == "d/here"
    assert announced[0].options["device"] == {"name": "D"}
    assert read_announcement("homeassistant/device/d/config", b"", "homeassistant") == []


@pytest.mark.parametrize("rgb", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (255, 165, 0)])
def test_colours_are_the_same_there_and_back(rgb: tuple[int, int, int]) -> None:
    assert colours.rgb("xy", colours.xy(rgb)) == pytest.approx(rgb, abs=6)
    assert colours.rgb("hs", colours.hs(rgb)) == pytest.approx(rgb, abs=2)
