"""Which interfaces lead to a door."""

import ipaddress

import pytest

from assistant.lan.interfaces import Interface, interfaces, reached

CABLE = Interface("eth0", 2, ("192.168.1.5", "10.0.0.5", "fe80::1", "fd00::5"))
RADIO = Interface("wlan0", 3, ("192.168.1.6", "fe80::1"))


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("", {"eth0": CABLE.addresses, "wlan0": RADIO.addresses}),
        ("0.0.0.0", {"eth0": ("192.168.1.5", "10.0.0.5"), "wlan0": ("192.168.1.6",)}),
        ("::", {"eth0": ("fe80::1", "fd00::5"), "wlan0": ("fe80::1",)}),
        ("[::]", {"eth0": ("fe80::1", "fd00::5"), "wlan0": ("fe80::1",)}),
        ("10.0.0.5", {"eth0": ("10.0.0.5",)}),
        ("fd00:0::5", {"eth0": ("fd00::5",)}),
        ("fe80::1%wlan0", {"wlan0": ("fe80::1",)}),
        ("fe80::1%2", {"eth0": ("fe80::1",)}),
        ("127.0.0.1", {}),
        ("10.0.0.6", {}),
    ],
)
def test_a_door_is_reached_where_it_listens(host: str, addresses: dict[str, tuple[str, ...]]) -> None:
    assert {i.name: i.addresses for i in reached(host, (CABLE, RADIO))} == addresses


def test_each_family_has_one_sender_and_link_local_is_known_by_its_interface() -> None:
    assert CABLE.senders == ["192.168.1.5", "fd00::5"]
    assert RADIO.senders == ["192.168.1.6", 3]
    assert Interface("eth0", 2, ("fe80::1",)).senders == [2]


def test_loopback_is_no_network() -> None:
    for interface in interfaces():
        assert interface.index > 0
        assert not any(ipaddress.ip_address(address).is_loopback for address in interface.addresses)
