"""What is sent: prompts of exact lengths from ShareGPT text, random ids, or ShareGPT conversations."""

from slabench.workloads.model import Prompt, Workload, WorkloadSpec
from slabench.workloads.prepare import prepare

__all__ = ["Prompt", "Workload", "WorkloadSpec", "prepare"]
