"""The sandbox's TLS host."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest
from cryptography import x509

from sandbox.tls_host import VALID_DAYS, make_certificate, serve

T = TypeVar("T")


def with_host(use: Callable[[int], Awaitable[T]]) -> T:
    async def run() -> T:
        async with serve(port=0) as port:
            return await use(port)

    return asyncio.run(run())


def fetch(port: int) -> x509.Certificate:
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode())


def test_it_shows_a_certificate_that_is_good_for_45_days() -> None:
    certificate = with_host(lambda port: asyncio.to_thread(fetch, port))
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.not_valid_before_utc < now
    assert (certificate.not_valid_after_utc - now).days == VALID_DAYS


def test_the_certificate_names_the_address_so_that_a_client_that_trusts_it_is_content() -> None:
    async def ask(port: int) -> httpx.Response:
        pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=5)
        trusting = ssl.create_default_context(cadata=pem)
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
            return await client.get(f"https://127.0.0.1:{port}/")

    answer = with_host(ask)
    assert (answer.status_code, answer.text) == (200, "This host only shows its certificate.\n")


def test_each_start_makes_a_certificate_and_a_key_of_its_own() -> None:
    now = datetime.datetime.now(datetime.UTC)
    first, second = make_certificate("127.0.0.1", now), make_certificate("127.0.0.1", now)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_a_client_that_says_nothing_is_hung_up_on() -> None:
    async def stay_silent(port: int) -> bytes:
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        async with asyncio.timeout(10):
            rest = await reader.read()
        writer.close()
        return rest

    started = time.monotonic()
    assert with_host(stay_silent) == b""
    assert time.monotonic() - started < 10


def test_the_port_is_free_again_after_the_end() -> None:
    async def port_of(port: int) -> int:
        return port

    port = with_host(port_of)
    with pytest.raises(ConnectionRefusedError):
        fetch(port)


def test_a_taken_port_is_an_error_at_the_start() -> None:
    async def serve_again(port: int) -> None:
        with pytest.raises(OSError, match="address already in use"):
            async with serve(port=port):
                pass

    with_host(serve_again)
