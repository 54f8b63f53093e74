"""`python -m slabench.sim --profile demo --port 30000`: the embedded server, on loopback only."""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from slabench.messages import Message, asked_language, in_language
from slabench.sim import null
from slabench.sim.engine import Engine
from slabench.sim.forward import MAX_PREFILL_TOKENS
from slabench.sim.http import Exchange, Face, describe
from slabench.sim.known_answers import KnownAnswers
from slabench.sim.log import DeployLog
from slabench.sim.profiles import NULL, PROFILES, NullProfile, Profile, UnknownProfile, read_profile
from slabench.sim.request import Encode


def port(text: str) -> int:
    """argparse makes a sentence of the error."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(Message("profile.port", text=text))
    return int(text)


def tokenizer_folder(text: str) -> str:
    if not os.path.isfile(os.path.join(text, "tokenizer.json")):
        raise argparse.ArgumentTypeError(Message("profile.tokenizer", folder=text))
    return text


def options(argv: Sequence[str], prog: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="The embedded server, on the loopback interface only.",
        epilog="\n  ".join(
            (
                "examples:",
                f"{prog} --port=30000 --log=/tmp/server.log",
                f"{prog} --profile='r1-fp8-tp8?noise=0.02'",
                f"{prog} --profile='demo?fault=busy&fault_share=0.5'",
            )
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--profile",
        default="demo",
        help=f"{', '.join(PROFILES)}, {NULL.name}, or NAME?parameter=value&... (demo)",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", choices=("127.0.0.1", "::1"), help="IPv4 or IPv6 (127.0.0.1)"
    )
    parser.add_argument("--port", type=port, default=30000, help="0 takes a free one (30000)")
    parser.add_argument(
        "--shared-port",
        type=port,
        help="of the null server: a second port, which other null servers may share",
    )
    parser.add_argument("--log", default="-", help="the deploy log; - is stderr")
    parser.add_argument(
        "--tokenizer", type=tokenizer_folder, help="folder with a tokenizer.json, for prompts that are text"
    )
    parser.add_argument(
        "--api-key",
        help="required of every request; server_info and the log show it, as the real server's do",
    )
    return parser.parse_args(argv)


def encoder(folder: str | None) -> Encode:
    """Text to ids; the tokenizer is read when the first text comes. Without one a token is a byte."""

    @functools.cache
    def tokenizer() -> Any:
        from tokenizers import Tokenizer

        return Tokenizer.from_file(os.path.join(str(folder), "tokenizer.json"))

    def encode(text: str) -> list[int]:
        return list(text.encode()) if folder is None else list(tokenizer().encode(text).ids)

    return encode


async def serve(
    profile: Profile,
    host: str,
    port: int,
    log: DeployLog,
    encode: Encode,
    tokenizer: str | None,
    api_key: str | None,
    known: KnownAnswers | None,
) -> None:
    loop = asyncio.get_running_loop()
    engine = Engine(profile, log)
    face = Face(profile, engine, log, encode, tokenizer or profile.model_path, api_key, known)
    server = await loop.create_server(lambda: Exchange(face), host, port, backlog=4096)
    port = face.pages.port = server.sockets[0].getsockname()[1]
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    driving = asyncio.create_task(engine.run())
    model = profile.model_path
    log.plain(
        f"server_args=ServerArgs(model_path={model!r}, host={host!r}, port={port}, api_key={api_key!r})"
    )
    log.say(
        f"max_total_num_tokens={profile.pool_tokens}, chunked_prefill_size={profile.chunked_prefill}, "
        f"max_prefill_tokens={MAX_PREFILL_TOKENS}, max_running_requests={profile.max_running}, "
        f"context_len={profile.context_length}, available_gpu_mem=0.00 GB"
    )
    log.ready(host, port)
    done, _ = await asyncio.wait(
        [driving, asyncio.create_task(ended.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    if driving in done:
        driving.result()  # the engine only ends by an error: let it be seen


def main(argv: Sequence[str], prog: str = "python -m slabench.sim") -> int:
    """0 after a signal; 2, with a sentence in the locale's language, where it cannot be started as asked."""
    with in_language(asked_language(argv)):
        return _main(argv, prog)


def _main(argv: Sequence[str], prog: str) -> int:
    asked = options(argv, prog)
    try:
        profile = read_profile(asked.profile)
    except UnknownProfile as error:
        print(error, file=sys.stderr)
        return 2
    try:
        known = KnownAnswers(profile.answers, profile.right) if profile.answers else None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        print(Message("profile.answers", file=profile.answers, why=error), file=sys.stderr)
        return 2
    try:
        # open until the process ends
        out = sys.stderr if asked.log == "-" else open(asked.log, "a", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        named = f"--log={asked.log}"
        print(Message("file.cannot_be_written", named=named, why=error.strerror), file=sys.stderr)
        return 2
    log, encode, folder = DeployLog(out, profile), encoder(asked.tokenizer), asked.tokenizer
    try:
        if isinstance(profile, NullProfile):
            ports = [asked.port] if asked.shared_port is None else [asked.port, asked.shared_port]
            null.serve(profile, asked.host, ports, log, encode, folder)
        else:
            asyncio.run(serve(profile, asked.host, asked.port, log, encode, folder, asked.api_key, known))
    except OSError as error:
        print(describe(error, asked.host, asked.port), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
