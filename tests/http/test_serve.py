"""Addresses that cannot be listened on."""

import socket

import pytest
from aiohttp import web

from assistant import ServiceError
from assistant.config import HttpConfig
from assistant.http.app import serve


async def test_any_free_port_is_told() -> None:
    async with serve(web.Application(), HttpConfig(port=0)) as port:
        with socket.create_connection(("127.0.0.1", port)):
            pass


async def test_a_port_in_use_is_named_and_freed_afterwards() -> None:
    async with serve(web.Application(), HttpConfig(port=0)) as port:
        with pytest.raises(ServiceError, match=f"port {port}: the port is in use") as error:
            async with serve(web.Application(), HttpConfig(port=port)):
                pass
        assert "http.port" in error.value.hint
    async with serve(web.Application(), HttpConfig(port=port)) as again:
        assert again == port


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "256.1.1.1"])
async def test_an_address_that_is_not_here_is_named(host: str) -> None:
    with pytest.raises(ServiceError, match=f"cannot listen on {host}") as error:
        async with serve(web.Application(), HttpConfig(host=host, port=0)):
            pass
    assert "http.host" in error.value.hint
