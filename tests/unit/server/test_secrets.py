"""Secrets that the process knows, in every encoding and in part; those that their place gives away; and what
must stay readable.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slabench.report.sanitize import plain, plain_values
from slabench.server import secrets
from slabench.server.known_secrets import _OWN, KNOWN, KnownSecrets
from slabench.server.secrets import (
    know,
    know_command,
    know_environment,
    know_header,
    know_text,
    know_url,
    redact_url,
    scrub,
    scrub_command,
    scrub_text,
)

KEY = 'sk-Aq9/x+Zr"7&wTe<5!bN'  # what URLs, JSON, HTML and base64 each write in their own way

WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "a header": lambda key: f"Bearer {key}",
    "upper case": str.upper,
    "percent": lambda key: quote(key, safe=""),
    "percent, slash kept": quote,
    "percent, small": lambda key: quote(key, safe="").lower(),
    "percent twice": lambda key: quote(quote(key, safe=""), safe=""),
    "form": quote_plus,
    "every byte percent": lambda key: "".join(f"%{ord(letter):02X}" for letter in key),
    "JSON": json.dumps,
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)),
    "JSON with a slash": lambda key: json.dumps(key).replace("/", "\\/"),
    "JSON code points": lambda key: "".join(f"\\u{ord(letter):04x}" for letter in key),
    "repr": repr,
    "HTML": html.escape,
    "hex": lambda key: key.encode().hex(),
    "hex dump": lambda key: key.encode().hex(" "),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of user:password": lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}\r\n".encode()).decode(),
    "base64 url": lambda key: base64.urlsafe_b64encode(f"a{key}bc".encode()).decode(),
    "first half": lambda key: key[: len(key) // 2],
    "last half": lambda key: key[len(key) // 2 :],
    "8 of the middle": lambda key: key[7:15],
    "all but the ends": lambda key: key[1:-1],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("frame", ["{}", "no such key: {}.", "a{}b", "x\n{}\ny", "\\n{}\\n"])
def test_a_known_secret_is_covered_in_every_encoding(way: str, frame: str) -> None:
    know(KEY)
    shown = WAYS[way](KEY)
    text = plain(frame.format(shown))
    bare = shown.removeprefix("Bearer ")
    if way.startswith("base64 of"):
        bare = bare[12:-4]  # what stands around the secret is none
    # No run of 8 of its characters is left, in any case.
    assert not any(bare[k : k + 8].lower() in text.lower() for k in range(len(bare) - 7)), text


@given(
    key=st.text(string.ascii_letters + string.digits + "-_./+=", min_size=10, max_size=60),
    before=st.text(max_size=30),
    after=st.text(max_size=30),
    way=st.sampled_from(sorted(WAYS)),
)
def test_any_secret_anywhere(key: str, before: str, after: str, way: str) -> None:
    assume(not key.isdecimal() and len(set(key)) > 2 and key.lower() not in _OWN)
    known = KnownSecrets()
    known.add(key)
    assume(key.lower() not in before.lower() + after.lower())
    shown = WAYS[way](key)
    covered = known.cover(f"{before}{shown}{after}")
    assert key.lower() not in covered.lower()
    assert shown.lower() not in covered.lower() or len(shown) < 8
    assert known.cover(covered) == covered or "*" in key


@given(st.text(string.ascii_lowercase + " .:=", max_size=200))
def test_without_a_secret_nothing_changes(text: str) -> None:
    known = KnownSecrets()
    assert known.cover(text) == text
    known.add("0123-4567-89AB")
    assert known.cover(text) == text


@pytest.mark.parametrize(
    "key", ["a", "1234", "admin", "sglang", "tencent", "completed", "interrupted", "127.0.0.1"]
)
def test_a_short_or_common_secret_does_not_destroy_the_text(key: str) -> None:
    know(key)
    text = (
        "INVALID tests/tencent/test_sla.py::test_sla[np128]: completed: 1234 of sglang's admin requests "
        "interrupted at 127.0.0.1"
    )
    assert plain(text) == text
    for place in (
        "Authorization: Bearer {}",
        "Bearer {}",
        '"api_key": "{}"',
        "api_key={}",
        "--api-key {}",
        "password: {}",
    ):
        assert scrub_text(place.replace("{}", key)) == place.replace("{}", "***")
    for place in ("Authorization: Bearer {}", '"api_key": "{}"', "KEY: {}", "wrong key={}", "token: '{}'"):
        assert plain(place.replace("{}", key)) == place.replace("{}", "***")


def test_a_number_is_covered_but_not_inside_another() -> None:
    know("20260117")
    assert plain("key 20260117, port 3020260117, 20260117.5") == "key ***, port 3020260117, 20260117.5"


def test_a_secret_of_six_characters_with_a_digit_is_covered_anywhere() -> None:
    know("hunt3r")
    assert plain("wrong hunt3r!") == "wrong ***!"


def test_keys_of_a_mapping_too() -> None:
    know(KEY)
    assert plain_values({KEY: [KEY, 1], "a": {"b": KEY}}) == {"***": ["***", 1], "a": {"b": "***"}}
    assert scrub({f"x {KEY}": 1}) == {"x ***": 1}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            "HF_ENDPOINT=https://hf.example run --api-key hush1 --tp 8",
            "HF_ENDPOINT=https://hf.example run --api-key *** --tp 8",
        ),
        ("HTTPS_PROXY=http://u:hush1@proxy:3128", "HTTPS_PROXY=http://***@proxy:3128"),
        ("http://u:hu@sh1@proxy:3128/x", "http://***@proxy:3128/x"),
        ("HTTPS_PROXY=u:hush1@proxy:3128", "HTTPS_PROXY=***@proxy:3128"),
        ("proxy 'u:hush1@10.0.0.1:8080' is gone", "proxy '***@10.0.0.1:8080' is gone"),
        ("--jwt hush1", "--jwt ***"),
        ("sent with Bearer hush1-hush, refused", "sent with Bearer ***, refused"),
        ("X-API-KEY: hush1", "X-API-KEY: ***"),
        ("x-api-key:hush1", "x-api-key:***"),
        ("api_key: hush1, tp: 8", "api_key: ***, tp: 8"),
        ("api_key: 'hush1 x'", "api_key: '***'"),
        ("apikey=hush1", "apikey=***"),
        ("DB_PASS=hush1 DB_USER=me", "DB_PASS=*** DB_USER=me"),
        ("PGPASSWORD=hush1", "PGPASSWORD=***"),
        ("https://h/x?sig=hush1", "https://h/x?sig=***"),
        ("https://h/x?a=1&token=hush1", "https://h/x?a=1&token=***"),
        ("https://h/x?X-Amz-Signature=hush1", "https://h/x?X-Amz-Signature=***"),
        ("AccountKey=hush1;x", "AccountKey=***"),
        ("--admin-api-key hush1", "--admin-api-key ***"),
        ("--api-key 123456", "--api-key ***"),
        ("api_key=123456, tp_size=8", "api_key=***, tp_size=8"),
        ("password: 123456", "password: ***"),
        ('{"api_key": 123456, "n": 5}', '{"api_key": ***, "n": 5}'),
        (r"{\"api_key\": \"hush1\"}", r"{\"api_key\": ***}"),
        ("Authorization: Basic aHVzaDE=", "Authorization: Basic ***"),
        ("authorization: hush1", "authorization: ***"),
        ("Cookie: session=hush1", "Cookie: ***"),
        ("hf_token: hush1", "hf_token: ***"),
        ("--header=X-Key: hush1 hush1", "--header=X-Key: ***"),
        # what only looks like it
        ("KeyError: 'model'", None),
        ("Unexpected token: x", None),
        ("max_new_tokens=128, pad_token_id=5, num_key_value_heads=8", None),
        (
            "Decode batch, #running-req: 4, #token: 512, token usage: 0.01, gen throughput (token/s): 100.5",
            None,
        ),
        ("WWW-Authenticate: Bearer realm=x", None),
        ("--ssl-keyfile /etc/key.pem --ssl-certfile /etc/cert.pem", None),
        ("design=x signal: 9 bypass=1 keyboard: us", None),
        ("Put it into SLABENCH_API_KEY.", None),
        ("at 10:00:05@host:3 x@y:1 a:b c:d@e git@github.com:org/x.git 12:30@noon", None),
    ],
)
def test_places_of_secrets(text: str, clean: str | None) -> None:
    assert scrub_text(text) == (text if clean is None else clean)
    assert scrub_text(scrub_text(text)) == scrub_text(text)


@pytest.mark.parametrize(
    ("words", "clean"),
    [
        (["--api-key", "123456", "x"], ["--api-key", "***", "x"]),
        (["--header", "X-Org: hush1"], ["--header", "X-Org: ***"]),
        (["--header=X-Org:hush1"], ["--header=X-Org:***"]),
        (["--max-total-tokens", "65536"], ["--max-total-tokens", "65536"]),
    ],
)
def test_commands(words: list[str], clean: list[str]) -> None:
    assert scrub_command(words) == clean


def test_numbers_in_a_description() -> None:
    assert scrub({"api_key": 123456, "num_key_value_heads": 8, "token": 5, "hf_token": 7,
     "password": True}) == {
        "num_key_value_heads": 8, "token": 5, "password": True,
    }  # fmt: skip


def test_what_a_command_and_its_environment_show_is_known_afterwards() -> None:
    know_command(
        "HF_TOKEN=hush-hush-1 python -m x --api-key 'hush hush 2' --admin-api-key=hush-hush-3 --port 1"
    )
    know_environment(
        {
            "DB_PASSWORD": "hush-hush-4",
            "HTTPS_PROXY": "http://me:hush-hush-5@p:1",
            "HTTP_PROXY": "me:hush-hush-0@p:1",
            "SSH_AUTH_SOCK": "/tmp/x",
        }
    )
    know_url("https://me:hush%2Dhush-6@h/x?sig=hush-hush-7")
    know_header("Bearer hush-hush-8")
    know_header("Basic " + base64.b64encode(b"me:hush-hush-9").decode())
    text = ", ".join(f"hush-hush-{k}" for k in range(10)) + ", hush hush 2, me, /bin, 1"
    assert not any(f"hush-{k}" in plain(text) or f"hush {k}" in plain(text) for k in range(10))
    assert plain("me /bin 1 /tmp/x") == "me /bin 1 /tmp/x"


def test_a_url_with_credentials_is_covered_in_every_text() -> None:
    assert plain("see http://u:p@h:1/x and s3://AKIA@b") == "see http://***@h:1/x and s3://***@b"
    assert redact_url("http://u:p@h/x?sig=1#t") == "http://***@h/x?sig=***"


@pytest.mark.parametrize(
    "text",
    ["a", "key", 'key="', "://", "token: ", "-", "auth.key", "\\", "Bearer ", "://a:b@", "a:b@", "a:", "@"],
)
def test_a_long_text_is_read_once(text: str) -> None:
    """Where a pattern tried every length from every place, this would not end."""
    know(KEY)
    assert KEY not in scrub_text(text * (300_000 // len(text)) + KEY)


def test_what_a_server_describes_as_its_secret_is_known() -> None:
    secrets.know_description(
        {"internal_states": [{"admin_api_key": "hush-hush-1"}], "model_path": "https://u:hush-hush-2@h/m"}
    )
    assert plain("hush-hush-1 hush-hush-2") == "*** ***"
    assert "hush-hush-1" in KNOWN.values


def test_a_setting_of_the_embedded_server_is_no_secret() -> None:
    """Its model's name was stars in the sentence that says why a baseline is of another model."""
    for settings in itertools.permutations(
        ("model_path=another/other-model", "prefill_tokens_per_s=10000", "api_key=hush-hush-1")
    ):
        profile = "demo?" + "&".join(settings)
        know_url(f"sim:{profile}")
        know_command(["python", "-m", "slabench.sim", "--profile", profile])
    assert plain("model.name: 'other-model', 10000 tokens") == "model.name: 'other-model', 10000 tokens"
    assert plain("hush-hush-1") == "***"


def test_a_number_of_the_embedded_server_s_settings_leaves_the_log_readable() -> None:
    know_url("sim:demo?fault=stream_error&fault_tokens=0")
    assert plain("Prefill batch, #new-seq: 1, #new-token: 64, #cached-token: 0, ").endswith(
        "#cached-token: 0, "
    )


def test_a_value_of_a_query_ends_where_the_next_begins() -> None:
    assert (
        scrub_text("GET http://h/x?token=hush-hush-1&page=2&sig='a b'#t")
        == "GET http://h/x?token=***&page=2&sig='***'#t"
    )
    know_text("http://h/x?page=2&token=hush-hush-2&user=a-person")
    assert plain("hush-hush-2 of a-person") == "*** of a-person"
