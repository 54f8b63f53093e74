"""A check that is made from all loads of a test: slabench/session/measurement.py."""

from __future__ import annotations

from slabench.verdict.validity.registry import REGISTERED, Registration, Stage

REGISTERED.append(
    Registration(
        Stage.TEST,
        evidence="repeats of a test",
        invalid=(
            "never; a finding when an objective holds on the repeats' average and not in each repeat; it "
            "names the worst repeat"
        ),
        why="one repeat was disturbed, or the deployment is not steady",
        name="every_repeat",
    )
)
REGISTERED.append(
    Registration(
        Stage.TEST,
        evidence="`/generate` of both servers, with `return_logprob` and `top_logprobs_num`",
        invalid=(
            "never; a finding when the two servers find the same answers surely differently probable, beyond "
            "the limits of [answers.md](answers.md); FAILED under `--answers=gate`"
        ),
        why="a release that computes something else may be faster by that",
        name="same_answers",
    )
)
