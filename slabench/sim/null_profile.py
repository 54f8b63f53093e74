"""What `sim:null` is told: an exact schedule, and sizes large enough that nothing ever waits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from slabench.sim.profiles import Profile, UnknownProfile, read_changes, read_profile

NULL = "null"


@dataclass(frozen=True, slots=True)
class NullProfile:
    """Token k of an answer leaves ttft_ms + k * itl_ms after the request came, whatever else is on its way."""

    name: str = NULL
    model_path: str = "slabench/null"
    ttft_ms: float = 200.0
    itl_ms: float = 20.0
    delta: int = 0  # 1: pieces of text and ids, as `--stream-output` sends them; 0: both grow with the answer
    pool_tokens: int = 100_000_000
    max_running: int = 65_536
    context_length: int = 1_000_000
    decode_log_interval: int = 40

    def served(self) -> Profile:
        """As server_info and the deploy log tell of it; the costs are never asked."""
        return Profile(
            name=self.name,
            model_path=self.model_path,
            prefill_tokens_per_s=1.0,
            prefill_overhead_ms=self.ttft_ms,
            prefill_attention_ms=0.0,
            decode_base_ms=self.itl_ms,
            decode_request_ms=0.0,
            decode_context_ms=0.0,
            pool_tokens=self.pool_tokens,
            max_running=self.max_running,
            context_length=self.context_length,
            decode_log_interval=self.decode_log_interval,
        )


def read_null(given: str) -> NullProfile:
    """`ttft_ms=200&itl_ms=20`; UnknownProfile for what it does not know."""
    profile = NullProfile()
    changes = read_changes({key: value for key, value in asdict(profile).items() if key != "name"}, given)
    if changes.get("delta", 0) not in (0, 1):
        raise UnknownProfile(f"delta={changes['delta']} is neither 0 (text and ids grow) nor 1 (pieces).")
    return replace(profile, **changes) if changes else profile  # type: ignore[arg-type]


def read_any(text: str) -> Profile | NullProfile:
    """What follows `sim:`, the null server or one of the models. UnknownProfile with what there is."""
    name, _, given = text.partition("?")
    return read_null(given) if name == NULL else read_profile(text)
