"""The key `reconcile`: a URL by itself or in a block, variables of the environment in it, and every mistake named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from said import says_of
from vsock_loadgen.config.load import Override
from vsock_loadgen.config.reconcile import expanded
from vsock_loadgen.errors import ConfigError

URL = "http://${HOST_IP}:9091/metrics"
WANTED = f"expected a URL such as {URL}"


@pytest.mark.parametrize("text", [f'reconcile: {{url: "{URL}"}}', f"reconcile:\n    url: {URL}", f"reconcile: {URL}"])
def test_a_url_stands_in_a_block_or_by_itself(load_text: Callable[..., Any], text: str) -> None:
    config = load_text(f"loadgen:\n  {text}\n").config
    assert config.reconcile_url == URL
    assert config.effective["reconcile"] == URL


@pytest.mark.parametrize("text", ["", "reconcile:", 'reconcile: ""', "reconcile: {url: }"])
def test_without_a_url_nobody_is_asked(load_text: Callable[..., Any], text: str) -> None:
    assert load_text(f"loadgen:\n  {text}\n").config.reconcile_url is None


def test_the_flag_and_the_environment_give_a_url_and_set_reaches_the_block(load_text: Callable[..., Any]) -> None:
    text = "loadgen:\n  reconcile: {url: http://a/}\n"
    assert load_text(text, {"LOADGEN_RECONCILE": "http://b/"}).config.reconcile_url == "http://b/"
    assert load_text(text, overrides=[Override("--reconcile", "reconcile", "http://c/")]).config.reconcile_url == "http://c/"
    assert load_text(text, overrides=[Override("--set", "reconcile.url", "http://d/")]).config.reconcile_url == "http://d/"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("ftp://h/", ("http://", "https://")),
        ("file:///etc/passwd", ("http://", "https://")),
        ("h:9091/metrics", ("http://", "https://")),
        ("http:///metrics", ("host",)),
        ("http://h:0/", ("port", "0")),
        ("http://h:99999/", ("port", "65535")),
        ("http://$HOST_IP/", ("${NAME}",)),
        ("http://${}/", ("${NAME}",)),
        ("http://a b/", ("characters",)),
        ("http://h/\\n", ("characters",)),
    ],
)
def test_what_is_no_url_to_ask_is_named(complaints: Callable[..., list[str]], value: str, said: tuple[str, ...]) -> None:
    (line,) = complaints(f'loadgen:\n  reconcile: {{url: "{value}"}}\n')
    assert says_of(line.removesuffix(WANTED), "loadgen.yaml:2: reconcile.url", *said)


def test_a_wrong_key_and_a_wrong_type_are_named(complaints: Callable[..., list[str]]) -> None:
    assert complaints("loadgen:\n  reconcile: {ulr: http://h/}\n") == [
        f"loadgen.yaml:2: reconcile.url: missing; {WANTED}",
        "loadgen.yaml:2: reconcile.ulr: unknown key; did you mean url?",
    ]
    assert complaints("loadgen:\n  reconcile: [http://h/]\n") == [f"loadgen.yaml:2: reconcile: found a list, {WANTED}"]
    assert complaints("loadgen:\n  reconcile: 9091\n") == [f"loadgen.yaml:2: reconcile: found 9091, {WANTED}"]


@pytest.mark.parametrize(
    ("host", "url"),
    [("10.0.0.7", "http://10.0.0.7:9091/metrics"), ("fd00::7", "http://[fd00::7]:9091/metrics"), ("n1", "http://n1:9091/metrics")],
)
def test_variables_are_filled_in_and_an_ipv6_address_gets_its_brackets(host: str, url: str) -> None:
    made = expanded(URL, {"HOST_IP": host})
    assert (made.address, made.shown) == (url, URL)


def test_variables_that_are_missing_are_all_named_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        expanded("http://${A}:${B}/${C}${A}", {"B": "9091", "C": ""})
    assert str(raised.value) == "reconcile.url: http://${A}:${B}/${C}${A}: A, C are not in the environment"


@pytest.mark.parametrize("value", ["me:s3cret@h", "s3cret b", "h:s3cret", "[s3cret"])
def test_a_value_that_makes_no_url_is_an_error_that_does_not_show_it(value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        expanded("http://${A}/", {"A": value})
    assert str(raised.value).startswith("reconcile.url: found http://${A}/, which ")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://me:s3cret@h/", "https://s3cret@h:1/", "http://me:s3cret@${HOST_IP}/"])
def test_a_user_and_a_password_are_refused_and_not_repeated(complaints: Callable[..., list[str]], url: str) -> None:
    for text in (f"reconcile: {{url: '{url}'}}", f"reconcile: '{url}'"):
        (line,) = complaints(f"loadgen:\n  {text}\n")
        assert line.endswith(f": found a URL that has a user name or a password, {WANTED}")
        assert "s3cret" not in line


def test_an_expanded_url_shows_only_what_the_config_has() -> None:
    made = expanded("http://${HOST}/metrics?token=${TOKEN}&n=${N}", {"HOST": "relay", "TOKEN": "s3cret", "N": "7"})
    assert made.address == "http://relay/metrics?token=s3cret&n=7"
    assert "s3cret" not in repr(made)
    assert made.without_values("GET /metrics?token=s3cret&n=7 by relay") == "GET /metrics?token=${TOKEN}&n=7 by ${HOST}"
