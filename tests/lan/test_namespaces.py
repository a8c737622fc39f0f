"""The advert and the search as real processes on two machines that are joined by cables."""

import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant import API, __version__
from tests.lan.conftest import SNIFF, Box
from tests.running import PATIENCE

pytestmark = [pytest.mark.once, pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")]

WATCH = ("-m", "assistant", "discover", "--watch", "--json")


def until(watch: Any, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first sighting that is wanted."""
    for line in watch.stdout:
        if wanted(sighting := json.loads(line)):
            return sighting
    raise AssertionError("the search has ended")


def test_a_door_is_found_follows_its_addresses_and_says_goodbye(boxes: tuple[Box, Box]) -> None:
    here, there = boxes
    here.write("")
    there.write("127.0.0.1")
    with there.reading(*WATCH) as watch, here.daemon() as daemon:
        found = until(watch, lambda s: s["change"] == "found")
        assert found["kind"] == "Inglenook"
        assert found["port"] == 8420
        properties = found["properties"]
        assert properties == {
            "id": (here.home.folder / "state" / "instance-id").read_text().strip(),
            "version": __version__,
            "api": str(API),
            "kinds": "chat,stt,tts,turn",
            "name": "kitchen",
        }
        assert found["name"] == f"kitchen ({properties['id'][:6]})"
        assert found["doubt"] == ""
        assert not found["here"]
        until(watch, lambda s: {"10.77.1.1", "fd77:1::1", "10.77.2.1", "fd77:2::1"} == set(s["addresses"]))
        here.ip("addr", "add", "10.77.1.9/24", "dev", "net1")
        until(watch, lambda s: s["change"] != "gone" and "10.77.1.9" in s["addresses"])
        assert daemon.stop() == 0
        assert until(watch, lambda s: s["change"] == "gone")["properties"]["id"] == properties["id"]
        first = properties["id"]
    with here.daemon() as daemon:
        daemon.logged("advertised on net1")
        assert (here.home.folder / "state" / "instance-id").read_text().strip() == first
        shown = there.discover()
        assert f"kitchen ({first[:6]})" in shown
        assert "10.77." in shown


def test_ipv6_alone(boxes: tuple[Box, Box]) -> None:
    here, there = boxes
    here.write("::")
    with there.reading("-c", SNIFF) as sniffer:
        assert sniffer.stdout.readline() == "ready\n"
        with here.daemon() as daemon:
            daemon.logged("advertised on net2")
            (found,) = json.loads(there.discover("--json", "--timeout", "2"))
            assert set(found["addresses"]) == {"fd77:1::1", "fd77:2::1"}
            daemon.stop()
        sniffer.terminate()
        assert {line.split()[1] for line in sniffer.stdout} == {"IPv6"}


@pytest.mark.parametrize(
    ("host", "heard"), [("127.0.0.1", set()), ("::1", set()), ("10.77.2.1", {"net2"}), ("0.0.0.0", {"net1", "net2"})]
)
def test_packets_leave_only_where_the_door_is(boxes: tuple[Box, Box], host: str, heard: set[str]) -> None:
    here, there = boxes
    here.write(host)
    with there.reading("-c", SNIFF) as sniffer:
        assert sniffer.stdout.readline() == "ready\n"
        with here.daemon() as daemon:
            daemon.logged("INFO assistant.daemon: ready")
            time.sleep(0 if heard else 2.5)  # in which an advert would have gone out
            for interface in heard:
                daemon.logged(f"advertised on {interface}")
            daemon.stop()
        sniffer.terminate()
        assert {line.split()[0] for line in sniffer.stdout} == heard


def test_a_network_that_comes_late_is_waited_for_and_missed_once(boxes: tuple[Box, Box]) -> None:
    here, _ = boxes
    here.write("0.0.0.0")
    for n in "12":
        here.ip("link", "set", f"net{n}", "down")
    with here.daemon() as daemon:
        daemon.logged("not advertised on any network")
        daemon.logged("ready")
        time.sleep(4.5)  # two more looks
        assert daemon.log.count("not advertised") == 1
        here.ip("link", "set", "net1", "up")
        daemon.logged("advertised on net1")
        assert daemon.stop() == 0


def test_two_of_one_name_and_a_copy_with_the_same_id(boxes: tuple[Box, Box], tmp_path: Path) -> None:
    here, there = boxes
    here.write("10.77.1.1")
    there.write("10.77.1.2")
    with here.daemon() as one:
        one.logged("advertised on net1")
        with there.daemon() as other:
            other.logged("advertised on net1")
            found = json.loads(there.discover("--json", "--timeout", "2"))
            assert [peer["properties"]["name"] for peer in found] == ["kitchen", "kitchen"]
            assert len({peer["name"] for peer in found}) == len({peer["properties"]["id"] for peer in found}) == 2
            assert sorted(peer["here"] for peer in found) == [False, True]
            other.stop()
        shutil.copy(here.home.folder / "state" / "instance-id", there.home.folder / "state")
        with there.daemon() as copy:
            copy.logged(r"10\.77\.1\.1 is already kitchen .* remove the file instance-id")
            copy.logged(r"advertised on net1 .* as kitchen \(\w{6}-2\)")
            found = json.loads(there.discover("--json", "--timeout", "2"))
            assert len(found) == 2
            assert [peer["doubt"].startswith("has the id of kitchen") for peer in found].count(True) == 1


FLOOD = """
import socket, sys, time
from zeroconf import DNSAddress, DNSOutgoing, DNSPointer, DNSService, DNSText
TYPE, id_ = "_inglenook._tcp.local.", sys.argv[1].encode()
A, PTR, TXT, SRV, IN, UNIQUE, ANSWER = 1, 12, 16, 33, 1, 0x8001, 0x8400
entries = [b"id=" + id_, b"name=" + b"x" * 250, *[b"%d=" % n + b"y" * 200 for n in range(20)]]
text = b"".join(bytes([len(entry)]) + entry for entry in entries)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.77.1.2"))
for n in range(1000):
    name, host = f"\\x9b31mrogue {n}\\u202e.{TYPE}", f"rogue-{n}.local."
    packet = DNSOutgoing(ANSWER)
    for record in [
        DNSPointer(TYPE, PTR, IN, 4500, name),
        DNSText(name, TXT, UNIQUE, 4500, text),
        DNSService(name, SRV, UNIQUE, 120, 0, 0, 1, host),
        DNSAddress(host, A, UNIQUE, 120, socket.inet_aton("10.77.1.66")),
    ]:
        packet.add_answer_at_time(record, 0)
    for data in packet.packets():
        out.sendto(data, ("224.0.0.251", 5353))
    if n % 10 == 0:
        time.sleep(0.02)
print("sent", flush=True)
"""
"""Sends the adverts of 1000 assistants that do not exist, all with the id of one that does."""


def test_a_flood_of_rogue_adverts_is_bounded_and_replaces_nobody(boxes: tuple[Box, Box]) -> None:
    here, there = boxes
    here.write("0.0.0.0")
    with there.reading(*WATCH) as watch, here.daemon() as daemon:
        real = until(watch, lambda s: s["change"] == "found")
        before = memory(daemon.process.pid)
        with there.reading("-c", FLOOD, real["properties"]["id"]) as flood:
            rogues = [until(watch, lambda s: s["change"] == "found") for _ in range(127)]
            assert flood.stdout.readline() == "sent\n"
        assert all(rogue["doubt"] == f"has the id of {real['name']}" for rogue in rogues)
        assert all(len(rogue["properties"]) <= 16 for rogue in rogues)
        assert not any("\x9b" in rogue["name"] or "\u202e" in rogue["name"] for rogue in rogues)
        assert memory(daemon.process.pid) - before < 50_000
        daemon.stop()
        lost = until(watch, lambda s: s["name"] == real["name"] and s["change"] == "gone")
        assert lost["properties"] == real["properties"]
        watch.send_signal(signal.SIGINT)
        assert sum(json.loads(line)["change"] == "found" for line in watch.stdout) == 0
        assert watch.wait(PATIENCE) == 130


def memory(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])
