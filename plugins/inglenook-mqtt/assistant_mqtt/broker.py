"""The connection to the broker: made again whenever it is lost, with bounds on what comes in."""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from assistant import ServiceError, in_thread
from assistant_mqtt.client import Client
from assistant_mqtt.config import MqttConfig

__all__ = ["Broker", "Listener"]

T = TypeVar("T")

log = logging.getLogger("assistant_mqtt")
_library = logging.getLogger("assistant_mqtt.client")
_library.setLevel(logging.CRITICAL)  # what goes wrong is said here, and once

_LARGEST = 262_144
"""Bytes of the largest message; the broker is told, and keeps larger ones to itself."""
_WAITING = 4_096, 8_388_608
"""Messages, and bytes of them, that wait to be read; what comes beyond is lost, and that is said."""
_AT_ONCE = 50
"""Topics that are asked for in one message."""
_PATIENCE = 5.0
"""Seconds that the broker may take to answer."""
_STEADY = 60.0
"""Seconds after which a connection holds, and the next failure is a new one."""
_LOGIN = "see services.mqtt.username and services.mqtt.password"
_HINTS = {
    132: "the broker must know MQTT 5, as Mosquitto does since 1.6",
    134: _LOGIN,
    135: _LOGIN,
}
"""What can be done, by the broker's reason (MQTT 5, section 2.4)."""
_LONGEST = 60.0
"""Seconds of the longest wait before a connection is tried again."""


class Listener(Protocol):
    """What is on this side of the connection."""

    @property
    def filters(self) -> Iterable[str]:
        """Return the filters of the topics it listens to."""
        ...

    async def opened(self) -> None:
        """Do what is to be done on a new connection; cancelled when it is lost."""
        ...

    async def closed(self) -> None:
        """Note that the connection is lost."""
        ...

    async def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message; *retained* says that the broker had kept it."""
        ...


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """Messages that wait to be read."""

    def __init__(self) -> None:
        super().__init__(_WAITING[0])
        self.lost = 0
        self._bytes = 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if self.full() or self._bytes + len(item.payload) > _WAITING[1]:
            self.lost += 1
            if self.lost == 1:
                log.warning("the MQTT broker sends more than can be read; messages are lost")
            return
        self._bytes += len(item.payload)
        super().put_nowait(item)

    def _get(self) -> aiomqtt.Message:
        message: aiomqtt.Message = super()._get()
        self._bytes -= len(message.payload)
        return message


class _ClosingSocket(ssl.SSLSocket):
    """A socket that paho does not leave open where it trusts nobody at the other end."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Broker:
    """The broker, while it is there."""

    def __init__(self, config: MqttConfig, identifier: str, will: aiomqtt.Will | None) -> None:
        """Take a name that no other client has, and what the broker says of it when it dies."""
        self._config = config
        self._identifier = identifier
        self._will = will
        self._client: Client | None = None
        self._one_by_one = asyncio.Lock()
        self._publishing: set[asyncio.Timeout] = set()
        self._changed = asyncio.Event()
        self._wanted = 0
        self._listened = -1
        self._subscribed = asyncio.Condition()
        self._said = ""

    @property
    def connected(self) -> bool:
        """Return whether the broker is there."""
        return self._client is not None

    @property
    def address(self) -> str:
        """Return where it is, for messages."""
        return f"{self._config.host}:{self._config.usual_port}"

    async def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish, at least once, and wait until the broker has it.

        Raises ServiceError where the broker is not there, or refuses it. What could not be delivered is not sent later:
        nobody wants a lamp to go on when the broker comes back.
        """
        client = self._client
        if client is None:
            raise self.absent()
        try:
            async with asyncio.timeout(_PATIENCE) as limit:
                self._publishing.add(limit)
                try:
                    async with self._one_by_one:  # so it is known which message is refused
                        client.refusal = ""
                        await _alone(client.publish(topic, payload, qos=1, retain=retain))
                        refusal = client.refusal
                finally:
                    self._publishing.discard(limit)
        except (aiomqtt.MqttError, TimeoutError, ValueError) as error:
            reason = str(error) or "no answer"
            raise ServiceError(f"the MQTT broker at {self.address} did not take a message: {reason}") from None
        if refusal:
            raise ServiceError(
                f"the MQTT broker at {self.address} refused a message on {topic}: {refusal}",
                hint="see what its access list lets this user write",
            )

    def absent(self) -> ServiceError:
        """Return the error of whoever needs the broker while it is not there."""
        return ServiceError(
            f"the MQTT broker at {self.address} is not there", hint="see services.mqtt in the configuration"
        )

    def listen(self) -> None:
        """Note that the filters of a listener have changed."""
        self._wanted += 1
        self._changed.set()

    async def listening(self) -> None:
        """Wait until the broker knows the filters of all listeners as they are now, or is gone.

        Whoever asks something needs that: an answer that came before would be lost.
        """
        wanted = self._wanted
        async with self._subscribed:
            await self._subscribed.wait_for(lambda: self._listened >= wanted or not self.connected)

    async def serve(self, listeners: "tuple[Listener, ...]") -> None:
        """Keep a connection, and hand what comes to *listeners*, until cancelled."""
        loop = asyncio.get_running_loop()
        wait = 1.0
        while True:
            begun = loop.time()
            try:
                await self._connection(listeners)
            except* (aiomqtt.MqttError, ServiceError, OSError) as group:
                self._say(_first(group))
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError  # which a group of tasks drops where one of them failed, too
            if loop.time() - begun > _STEADY:
                wait = 1.0
            await asyncio.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311 - not all at once after a power cut
            wait = min(wait * 2, _LONGEST)

    async def _connection(self, listeners: "tuple[Listener, ...]") -> None:
        inbox = _Inbox()
        async with _opened(await self._made(inbox)) as client:
            log.info("connected to the MQTT broker at %s", self.address)
            self._client, self._said = client, ""
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._subscribe(client, listeners), name="MQTT subscriptions")
                    for listener in listeners:
                        group.create_task(listener.opened(), name="MQTT connection")
                    async for message in client.messages:
                        await _hand_over(message, listeners)
            finally:
                self._client = None
                await self._note_subscribed(-1)
                for limit in self._publishing:
                    limit.reschedule(asyncio.get_running_loop().time())  # nobody will answer
                for listener in listeners:
                    await listener.closed()
                if inbox.lost:
                    log.warning("%d messages of the MQTT broker were lost", inbox.lost)

    async def _made(self, inbox: _Inbox) -> Client:
        config = self._config
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = _LARGEST
        return Client(
            config.host,
            config.usual_port,
            username=config.username or None,
            password=config.password or None,
            identifier=self._identifier,
            logger=_library,
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: inbox),
            protocol=aiomqtt.ProtocolVersion.V5,
            will=self._will,
            timeout=_PATIENCE,
            keepalive=30,
            properties=properties,
            tls_context=await in_thread(self._tls) if config.tls else None,
        )

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._config.ca_file or None)
            context.sslsocket_class = _ClosingSocket
            return context
        except (OSError, ValueError) as error:
            raise ServiceError(
                f"services.mqtt.ca_file: {self._config.ca_file} cannot be used: {error}",
                hint="name a file of certificates in PEM format that this user may read",
            ) from None

    async def _subscribe(self, client: aiomqtt.Client, listeners: "tuple[Listener, ...]") -> None:
        """Keep the subscriptions as the listeners want them."""
        have: set[str] = set()
        while True:
            self._changed.clear()
            wanted = self._wanted
            want = {pattern for listener in listeners for pattern in listener.filters}
            for batch in _batches(want - have):
                await _alone(client.subscribe([(pattern, SubscribeOptions(qos=1)) for pattern in batch]))
            for batch in _batches(have - want):
                await _alone(client.unsubscribe(batch))
            have = want
            await self._note_subscribed(wanted)
            await self._changed.wait()

    async def _note_subscribed(self, wanted: int) -> None:
        async with self._subscribed:
            self._listened = wanted
            self._subscribed.notify_all()

    async def look(self) -> None:
        """Connect once; raises ServiceError."""
        try:
            async with _opened(await self._made(_Inbox())):
                pass
        except (aiomqtt.MqttError, OSError) as error:
            raise self._absent_by(error) from None

    def _absent_by(self, error: BaseException) -> ServiceError:
        """Return why the broker is not there, and what can be done about it."""
        if isinstance(error, ServiceError):
            return error
        reason, hint = str(error) or type(error).__name__, "see services.mqtt.host and services.mqtt.port"
        if isinstance(error, aiomqtt.MqttCodeError) and isinstance(error.rc, ReasonCode):
            hint = _HINTS.get(error.rc.value, hint)
        elif "certificate" in reason.lower():
            hint = "see services.mqtt.ca_file"
        return ServiceError(f"the MQTT broker at {self.address} is not there: {reason}", hint=hint)

    def _say(self, error: BaseException) -> None:
        """Say that the broker is not there, and why, once for each reason."""
        absent = self._absent_by(error)
        if str(absent) != self._said:
            self._said = str(absent)
            log.warning("%s (%s); it is tried again", absent, absent.hint)


async def _alone(call: Coroutine[Any, Any, T]) -> T:
    """Await what aiomqtt does in a task of its own: its `wait_for` may lose a cancellation in Python 3.11."""
    task = asyncio.create_task(call)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen
    return task.result()


@asynccontextmanager
async def _opened(client: Client) -> AsyncGenerator[Client, None]:
    """Connect, and disconnect whatever happens: a thread connects, and does not stop when nobody waits for it."""
    connecting = asyncio.create_task(client.__aenter__())
    try:
        await asyncio.wait({connecting})
    except asyncio.CancelledError:
        await asyncio.wait({connecting})
        if not connecting.exception():
            await client.__aexit__(None, None, None)
        raise
    connecting.result()
    try:
        yield client
    finally:
        await client.__aexit__(None, None, None)


async def _hand_over(message: aiomqtt.Message, listeners: "tuple[Listener, ...]") -> None:
    payload = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
    for listener in listeners:
        await listener.received(str(message.topic), payload, message.retain)
    await asyncio.sleep(0)  # whoever floods the broker may not hold up a turn


def _batches(patterns: set[str]) -> list[list[str]]:
    ordered = sorted(patterns)
    return [ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE)]


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group that may hold further groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
