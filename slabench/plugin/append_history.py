"""--history: a finished run's valid tests as one more line of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slabench.run_document.run import RunDocument


def append_to_history(run: RunDocument, target: Path, version: str | None) -> str:
    """Writes, and says in a sentence what was written.

    OSError or ConfigError where it was not. The kind of the file is looked at again: a server that --launch
    started may be an embedded one.
    """
    # with run.json's types, which a collection does not need
    from slabench.history.file import append, check_appendable
    from slabench.history.lines import line_of
    from slabench.run_document.run import RunState

    if run.state is not RunState.FINISHED:
        return f"Nothing was appended to {target}: the run did not end by itself; --resume continues it."
    line = line_of(run, version)
    if not line.tests:
        return f"Nothing was appended to {target}: no test of this run was valid."
    check_appendable("--history", str(target), simulated=line.simulated)
    append(str(target), line)
    tests = f"{len(line.tests)} test{'' if len(line.tests) == 1 else 's'}"
    left_out = len(run.tests) - len(line.tests)
    more = f"; {left_out} that were INVALID were left out" if left_out else ""
    return f"{tests} of version {line.version} appended to {target}{more}."
