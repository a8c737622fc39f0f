"""A real broker, and what plays the lamps on it."""

import asyncio
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from assistant_mqtt import MqttConfig
from assistant_mqtt.service import serve

from assistant import EventBus, Home
from assistant.controls import Controls


class Mosquitto:
    """A broker of its own port that can be killed and started again."""

    def __init__(self, program: str, folder: Path, *lines: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        user = pwd.getpwuid(os.getuid()).pw_name
        self._config = folder / f"{self.port}.conf"
        lines = lines or ("allow_anonymous true",)
        self._config.write_text("\n".join([f"user {user}", f"listener {self.port} 127.0.0.1", *lines, ""]))
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._config.with_suffix(".log")).open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", self._config], stdout=log, stderr=log)
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            assert self._process.poll() is None, self._config.with_suffix(".log").read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


class FakeHost:
    """As much of a daemon as the service needs, of the real parts."""

    def __init__(self, **controls: Any) -> None:
        self.events = EventBus()
        self.controls = Controls(["kitchen", "Living room"], self.events, **controls)
        self.home = Home()


async def eventually(true: Callable[[], Any], what: str = "") -> Any:
    """Wait until something is true, and return it."""
    try:
        async with asyncio.timeout(10):
            while not (result := true()):  # noqa: ASYNC110 - it is not told
                await asyncio.sleep(0.01)
            return result
    except TimeoutError:
        raise AssertionError(f"it never came true: {what}") from None


class House:
    """The service beside a second client that sees and plays everything else."""

    def __init__(self, host: FakeHost, port: int) -> None:
        self.host = host
        self.home = host.home
        self.port = port
        self.seen: list[tuple[str, str]] = []
        """What was published, in order."""
        self.retained: dict[str, str] = {}
        """What the broker keeps."""
        self.answers: dict[str, Callable[[str], list[tuple[str, str]]]] = {}
        """What is published when something comes on a topic."""
        self.eventually = eventually
        self._client: aiomqtt.Client

    async def publish(self, topic: str, payload: Any = "", retain: bool = True) -> None:
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        await self._client.publish(topic, text, qos=1, retain=retain)

    def entity(self, id_: str) -> Any:
        return next((entity for entity in self.home.entities if entity.id == id_), None)

    async def known(self, id_: str, **wanted: Any) -> Any:
        """Wait until an entity is there, and is as wanted."""

        def right() -> Any:
            entity = self.entity(id_)
            fits = entity and all(getattr(entity, name) == value for name, value in wanted.items())
            return entity if fits else None

        try:
            return await eventually(right)
        except AssertionError:
            raise AssertionError(f"{id_} {wanted}: there are {self.home.entities}") from None

    def sent(self, topic: str) -> list[str]:
        return [payload for where, payload in self.seen if where == topic]

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None, None]:
        async with aiomqtt.Client("127.0.0.1", self.port) as self._client:
            await self._client.subscribe("#", qos=1)
            watch = asyncio.create_task(self._watch())
            try:
                yield
            finally:
                watch.cancel()
                await asyncio.wait({watch})

    async def _watch(self) -> None:
        async for message in self._client.messages:
            topic, payload = str(message.topic), bytes(message.payload).decode("utf-8", "replace")
            self.seen.append((topic, payload))
            self.retained[topic] = payload
            if answer := self.answers.get(topic):
                for where, what in answer(payload):
                    await self._client.publish(where, what, qos=1)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not here (Debian package mosquitto)")
    made: list[Mosquitto] = []

    def make(*lines: str) -> Mosquitto:
        made.append(Mosquitto(program, tmp_path, *lines))
        made[-1].start()
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto], tmp_path: Path, request: pytest.FixtureRequest) -> Mosquitto:
    """Return a broker; its parameter is an access list."""
    if not hasattr(request, "param"):
        return mosquitto()
    file = tmp_path / "access"
    file.write_text(request.param)
    file.chmod(0o600)
    return mosquitto("allow_anonymous true", f"acl_file {file}")


@asynccontextmanager
async def running(host: FakeHost, config: MqttConfig) -> AsyncGenerator[None, None]:
    service = asyncio.create_task(serve(config, host))  # type: ignore[arg-type]
    try:
        yield
        assert not service.done() or service.result()
    finally:
        service.cancel()
        await asyncio.wait({service})


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def until() -> Any:
    """Return what waits until something is true."""
    return eventually


@pytest.fixture
def service() -> Any:
    """Return what runs the service for a host."""
    return running


@pytest.fixture
def watched(broker: Mosquitto) -> Any:
    """Return what puts a second client beside a host."""

    @asynccontextmanager
    async def watch(host: Any) -> AsyncGenerator[House, None]:
        house = House(host, broker.port)
        async with house.watching():
            yield house

    return watch


@pytest.fixture
def make_house(broker: Mosquitto) -> Any:
    """Return what runs the service and a second client on the broker."""

    @asynccontextmanager
    async def make(**options: Any) -> AsyncGenerator[House, None]:
        controls = options.pop("controls", {})
        options = {"host": "127.0.0.1", "name": "box", "answer": 1.0, **options}
        house = House(FakeHost(**controls), broker.port)
        async with house.watching(), running(house.host, MqttConfig(port=broker.port, **options)):
            yield house

    return make
