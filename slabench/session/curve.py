"""judge_curve: what the decode curve's test calls, after this session's decode tests."""

from __future__ import annotations

from slabench.errors import InvalidRun
from slabench.session.judge import Judge


class JudgeCurve:
    """The decode curve's verdict, from the log lines of this session's decode tests."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def __call__(self) -> None:
        from slabench.session.decode_curve import curve_entry  # as judge.py's: not when tests are collected

        judge, campaign = self.judge, self.judge.campaign
        deployment, points = campaign.servers.new, campaign.decode_points
        if not points:
            raise InvalidRun(
                "no_decode_run: no ali decode test ran in this session before the curve; run "
                "tests/ali/test_decode.py with it."
            )
        if not deployment.logs:
            raise InvalidRun(
                "no_deploy_log: the curve is made from the server's log; give it with --deploy-log=FILE "
                "(one per node, comma separated), or let slabench start the server with --launch=CMD."
            )
        compared = campaign.compared_with(judge.test_id, judge.test_ids)
        judge.close(curve_entry(points, deployment, campaign.settings, compared, campaign.refused_sizes))
