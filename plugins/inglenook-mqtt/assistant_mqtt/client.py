"""The client of the library, which passes over the reason with which a broker refuses a message."""

from typing import Any

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

__all__ = ["Client"]


class Client(aiomqtt.Client):
    """A client that notes the last refusal (MQTT 5, section 3.4.2.1)."""

    refusal = ""
    """Why the broker refused a message, in its words; whoever publishes empties it before."""

    def _on_publish(
        self, client: PahoClient, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure:
            self.refusal = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)
