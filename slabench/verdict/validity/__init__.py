"""Was this run valid? Small named checks over one run's records and the server's evidence.

Each check says what it looks at, its threshold and why in its docstring, and answers with one Check. policy.py holds the one
list of them, and what methods and the command line make of their outcomes.
"""

from slabench.verdict.validity.policy import BATCH_CHECKS, CHECKS, FINDINGS, LOG_CHECKS, examine, names, settle
from slabench.verdict.validity.subject import LogEvidence, Margin, Subject

__all__ = ["BATCH_CHECKS", "CHECKS", "FINDINGS", "LOG_CHECKS", "LogEvidence", "Margin", "Subject", "examine", "names", "settle"]
