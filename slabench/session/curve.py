"""judge_curve: what the decode curve's test calls, after this session's decode tests."""

from __future__ import annotations

from slabench.errors import InvalidRun
from slabench.messages import Message
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
            raise InvalidRun(Message("curve.no_decode_run"))
        if not deployment.logs:
            raise InvalidRun(Message("curve.no_deploy_log"))
        compared = campaign.compared_with(judge.test_id, judge.test_ids)
        judge.close(curve_entry(points, deployment, campaign.settings, compared, campaign.refused_sizes))
