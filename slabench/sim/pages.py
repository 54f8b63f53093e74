"""What a GET is answered with, as sglang 0.5.7 does, for the embedded server and the null server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slabench.sim import wire
from slabench.sim.forward import MAX_PREFILL_TOKENS
from slabench.sim.profiles import Profile

INFO_PATHS = ("/server_info", "/get_server_info")


@dataclass(slots=True)
class Pages:
    """random_seed: drawn at the start, as the real server's."""

    profile: Profile
    tokenizer: str
    random_seed: int
    api_key: str | None = None  # server_info shows it, as the real one's does
    port: int = 0

    def get(
        self,
        path: str,
        *,
        running: int,
        waiting: int = 0,
        throughput: float = 0.0,
        change: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> bytes | None:
        """The whole answer; None: there is no such path. change: applied to server_info."""
        if path in ("/health", "/health_generate"):
            return wire.answer(200, b"", None)
        if path in INFO_PATHS:
            page: Any = change(self._server_info(throughput))
        elif path in ("/get_model_info", "/model_info"):
            page = self._model_info()
        elif path == "/get_load":
            counts = {"num_reqs": waiting + running, "num_waiting_reqs": waiting}
            page = [{"rid": None, "dp_rank": None, **counts}]
        elif path == "/v1/models":
            name = self.profile.model_path
            model = {"id": name, "object": "model", "created": int(time.time()), "owned_by": "sglang"}
            model |= {"root": name, "parent": None, "max_model_len": self.profile.context_length}
            page = {"object": "list", "data": [model]}
        else:
            return None
        return wire.answer(200, wire.dumps(page))

    def _server_info(self, throughput: float) -> dict[str, Any]:
        """The real one's arguments on size and speed; slabench_sim marks every output of a run against it."""
        profile = self.profile
        arguments = {
            "model_path": profile.model_path,
            "tokenizer_path": self.tokenizer,
            "load_format": "dummy",
            "trust_remote_code": False,
            "context_length": profile.context_length,
            "host": "127.0.0.1",
            "port": self.port,
            "dtype": "auto",
            "quantization": None,
            "kv_cache_dtype": "auto",
            "max_running_requests": profile.max_running,
            "max_total_tokens": profile.pool_tokens,
            "chunked_prefill_size": profile.chunked_prefill,
            "max_prefill_tokens": MAX_PREFILL_TOKENS,
            "schedule_policy": "fcfs",
            "schedule_conservativeness": 1.0,
            "page_size": 1,
            "device": "cuda",
            "tp_size": profile.tp,
            "pp_size": 1,
            "stream_interval": profile.stream_interval,
            "stream_output": False,
            "random_seed": self.random_seed,
            "decode_log_interval": profile.decode_log_interval,
            "api_key": self.api_key,
            "served_model_name": profile.model_path,
            "dp_size": 1,
            "nnodes": 1,
            "ep_size": 1,
            "speculative_algorithm": None,
            "disable_radix_cache": False,
            "disable_cuda_graph": False,
            "cuda_graph_max_bs": profile.graph_max_bs or profile.max_running,
            "enable_dp_attention": False,
            "enable_metrics": True,
        }
        memory = {"weight": 0.0, "kvcache": 0.0, "token_capacity": profile.pool_tokens, "graph": 0}
        state = {**arguments, "api_key": None, "last_gen_throughput": throughput, "memory_usage": memory}
        return {
            **arguments,
            "status": "ready",
            "max_total_num_tokens": profile.pool_tokens,
            "max_req_input_len": profile.context_length - 6,
            "internal_states": [state],
            "version": "0.5.7",
            "slabench_sim": {"profile": profile.name},
        }

    def _model_info(self) -> dict[str, Any]:
        return {
            "model_path": self.profile.model_path,
            "tokenizer_path": self.tokenizer,
            "is_generation": True,
            "preferred_sampling_params": None,
            "weight_version": "default",
            "has_image_understanding": False,
            "has_audio_understanding": False,
            "model_type": "slabench_sim",
            "architectures": ["SimulatedForCausalLM"],
        }
