"""The exit statuses of the suite and of every command, beside 0 (all PASSED) and 1 (something FAILED)."""

from __future__ import annotations

INTERRUPTED, OUR_CRASH, USAGE, NOTHING, INVALID = 2, 3, 4, 5, 6
