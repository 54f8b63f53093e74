"""A deploy log as a stream: blocks of bytes in, values out, in the order of the file and in constant
memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from slabench.server.log.events import NEEDLES
from slabench.server.log.files import read_bytes
from slabench.server.log.forms import Forms
from slabench.server.log.line_patterns import Memory, Shape, learn, message
from slabench.server.log.line_prefix import NO_RANK, OWN, read_prefix
from slabench.server.log.line_types import DecodeLine, Event, EventKind, Line, PrefillLine, Reason, Rejected
from slabench.server.log.lines import MAX_LINE, MENTION, SHOWN, Parsed, clean, parse

_MAX_SHAPES = 24
_EXAMPLES = 3
_MAX_LANES = 256  # different names before a line
# A line of another engine's log, each with the engine's name.
_ENGINES = re.compile(
    rb"(?P<vLLM>Avg generation throughput: |vLLM API server version|\bvllm\.|\[vllm|\bEngineCore_"
    rb"|LLM engine \(v\d|(?:INFO|WARNING|ERROR) \d\d-\d\d \d\d:\d\d:\d\d \[?[\w./]+:\d+\])"
    rb"|(?P<TensorRT_LLM>TensorRT[- ]LLM\b|\[TRT-LLM\]|tensorrt_llm)"
    rb"|(?P<lmdeploy>\blmdeploy\b|\[TM\]\[(?:INFO|WARNING|ERROR)\]|turbomind)"
    rb"|(?P<TGI>text_generation_launcher|text_generation_router)"
    rb"|(?P<llama_cpp>llama_model_loader|llama_perf_context_print|srv  ?update_slots|slot  ?update_slots)"
    rb"|(?P<MindIE>\bMindIE\b|\bmindie\w*)"
    rb"|(?P<sglang_router>\bsglang_router\w*::|\bsmg::)"
)
_SIGNS = (b" batch", b"==> ", *NEEDLES)  # one of them is in every line that has a value
_TAIL_LINE = re.compile(rb"==> (.+) <==")
_ODD_NAME = re.compile(rb"[^\w.@/-]+")


@dataclass(slots=True)
class Counts:
    """What a reader has read. rejected counts lines by reason; examples has the first few of each."""

    lines: int = 0
    size: int = 0  # bytes
    decode: int = 0
    prefill: int = 0
    events: Counter[EventKind] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, list[bytes]] = field(default_factory=dict)
    engines: Counter[str] = field(
        default_factory=Counter
    )  # blocks with a line of another engine, by its name


class LogReader:
    """feed() blocks of one file in order, finish() at its end. Holds at most one unfinished line.

    A line ends with \\n, \\r\\n or \\r. forms.py keeps the forms that each server process has printed.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._tail = b""
        self._skipping = False  # inside a line beyond MAX_LINE
        self._seam = b""  # the end of what was skipped of it
        self._refused = False  # it has been counted as rejected
        self._forms = Forms()
        self._file = b""  # the name of the file of the next lines, as tail -f writes it for several
        self._lanes: dict[str, list[Shape]] = {}  # by writer
        self._prefixes = Memory(read_prefix)
        # the bytes before the bracket of the previous line, and its shape
        self._last: tuple[bytes, Shape | None] = b"", None

    def feed(self, data: bytes) -> list[Line]:
        """The values of the lines that data completes, Rejected ones too: their content is unknown."""
        out: list[Line] = []
        self.counts.size += len(data)
        # left by a log that was cut while it was written to, or UTF-16 that PowerShell's >> appended
        if b"\0" in data:
            data = data.replace(b"\0", b"").replace(b"\xff\xfe", b"")
        if self._skipping:
            data = self._skip(data, out)
        block = self._tail + data if self._tail else data
        # A \r at the very end may be the first half of \r\n.
        end = max(block.rfind(b"\n"), block.rfind(b"\r", 0, max(len(block) - 1, 0))) + 1
        self._tail = block[end:]
        if end:
            self._block(block[:end], out)
        if len(self._tail) > MAX_LINE:
            self._skipping, self._refused = True, False
            self._refuse(self._tail, out)
            self._tail = b""
        return out

    def _skip(self, data: bytes, out: list[Line]) -> bytes:
        """Leave out what belongs to a line beyond MAX_LINE; returns what follows its end."""
        ends = [place for place in (data.find(b"\n"), data.find(b"\r")) if place >= 0]
        cut = min(ends) + 1 if ends else len(data)
        self._refuse(self._seam + data[:cut], out)
        if ends:
            self._skipping, self._seam = False, b""
            self.counts.lines += data[cut - 1 : cut] == b"\n"
        return data[cut:]

    def _refuse(self, part: bytes, out: list[Line]) -> None:
        """A part of a line beyond MAX_LINE: the line is counted if it mentions a batch."""
        mention = None if self._refused else MENTION.search(part)
        if mention is not None:
            self._refused = True
            begin = max(mention.start() - SHOWN // 2, 0)
            self._reject(Rejected(Reason.TOO_LONG, part[begin:][:SHOWN]), out)
        self._seam = part[-len(b"Prefill batch") :]

    def finish(self) -> list[Line]:
        """The end of the file. A last line without its newline may be half of one: a batch line there is
        rejected.
        """
        out: list[Line] = []
        tail, self._tail = self._tail, b""
        if tail.endswith(b"\r"):  # the end of a line, of which no \n came
            self._block(tail, out)
        elif tail:
            self.counts.lines += 1
            value = parse(tail)
            if isinstance(value, Event):
                self._event(value, out)
            elif value is not None:
                prose = isinstance(value, Rejected) and value.reason is Reason.PROSE
                self._reject(Rejected(Reason.PROSE if prose else Reason.UNTERMINATED, tail[:SHOWN]), out)
        return out

    def _block(self, block: bytes, out: list[Line]) -> None:
        """Whole lines."""
        self.counts.lines += block.count(b"\n") or block.count(b"\r")
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        known = len(out)
        ahead = {sign: place for sign in _SIGNS if (place := block.find(sign)) >= 0}  # where each comes next
        position = 0
        while ahead:
            place = min(ahead.values())
            if place < position:  # in what was read since
                sign = next(sign for sign, its in ahead.items() if its == place)
                ahead[sign] = block.find(sign, position)
                if ahead[sign] < 0:
                    del ahead[sign]
                continue
            begin = max(block.rfind(b"\n", position, place) + 1, position)
            position = self._run(block, begin, out)
            if position > begin:
                continue
            stop = block.find(b"\n", place)
            line = block[begin:stop]
            if b" batch" in line:
                self._line(self._file + line if self._file else line, out)
            else:
                self._other(line, out)
            position = stop + 1
        kinds = Counter(map(type, out[known:]))
        self.counts.decode += kinds[DecodeLine]
        self.counts.prefill += kinds[PrefillLine]
        engine = _ENGINES.search(block) if not self.counts.decode and not self.counts.prefill else None
        if engine is not None:
            self.counts.engines[engine.lastgroup or ""] += 1

    def _run(self, block: bytes, position: int, out: list[Line]) -> int:
        """The lines from here on that have the form of the previous one, without splitting the block; where
        they end.
        """
        before, shape = self._last
        if shape is None or self._file:
            return position
        match, build, append, many = shape.run, shape.build, out.append, len(before)
        while block.startswith(before, position):
            line = match(block, position + many)
            if line is None:
                break
            value = build(line.groups())
            if value.stamp is None:  # no date: parse() decides what that means
                break
            append(value)
            position = line.end()
        return position

    def _line(self, line: bytes, out: list[Line]) -> None:
        """A line that may mention a batch."""
        text = clean(line)
        place = message(text)
        stamp, rank, fault = self._prefixes[text[:place]] if place >= 0 else (None, NO_RANK, "none")
        for shape in () if fault or len(text) > MAX_LINE else self._lanes.get(rank.writer, ()):
            match = shape.match(text, place)
            if match is not None:
                if rank.writer != shape.writer:
                    rank = rank._replace(writer=shape.writer)
                out.append(shape.build_behind(stamp, rank, match.groups()))
                if len(text) == len(line):
                    self._keep(line, place, shape)
                return
        self._careful(line, out)

    def _keep(self, line: bytes, place: int, shape: Shape) -> None:
        """Lines like this one are read by _run() from now on, if they differ only in sglang's own bracket."""
        begin = line.find(b"[2")
        if begin >= 0 and OWN.fullmatch(line, begin, place) is not None:
            self._last = line[:begin], shape

    def _other(self, line: bytes, out: list[Line]) -> None:
        name = _TAIL_LINE.fullmatch(line)
        if name is None:
            self._careful(line, out)
        else:
            self._file = _ODD_NAME.sub(b"_", name[1]).lstrip(b"_./") + b" | "

    def _careful(self, line: bytes, out: list[Line]) -> None:
        value = parse(line)
        if isinstance(value, Parsed):
            self._batch(line, value, out)
        elif isinstance(value, Event):
            self._event(value, out)
        elif isinstance(value, Rejected):
            self._reject(value, out)

    def _batch(self, line: bytes, parsed: Parsed, out: list[Line]) -> None:
        writer = self._forms.writer(parsed)
        if not self._forms.settled(parsed.line.rank.writer):
            self._forget()
        if writer is None:
            self._reject(Rejected(Reason.CUT, line[:SHOWN]), out)
            return
        if self._forms.again:
            self._again(self._forms.again)
        value, own = parsed.line, parsed.line.rank.writer
        if self._forms.settled(own) and (own in self._lanes or len(self._lanes) < _MAX_LANES):
            shape = learn(clean(line), parsed, writer)
            lane = self._lanes.setdefault(own, [])
            if shape is not None and len(lane) < _MAX_SHAPES:
                lane.insert(0, shape)
        out.append(value if writer == own else value._replace(rank=value.rank._replace(writer=writer)))

    def _forget(self) -> None:
        self._lanes.clear()
        self._last = b"", None

    def _again(self, many: int) -> None:
        """So many lines were rejected as cut, and are of a second server."""
        counts = self.counts
        counts.rejected[Reason.CUT] -= many
        counts.rejected[Reason.OTHER_FORM] += many
        if counts.rejected[Reason.CUT] <= 0:
            del counts.rejected[Reason.CUT]
            counts.examples[Reason.OTHER_FORM] = counts.examples.pop(Reason.CUT)

    def _event(self, event: Event, out: list[Line]) -> None:
        if event.kind is EventKind.START:  # perhaps another version, with other forms
            self._forget()
            self._forms.clear()
        self.counts.events[event.kind] += 1
        out.append(event)

    def _reject(self, rejected: Rejected, out: list[Line]) -> None:
        self.counts.rejected[rejected.reason] += 1
        examples = self.counts.examples.setdefault(rejected.reason, [])
        if len(examples) < _EXAMPLES:
            examples.append(rejected.text)
        out.append(rejected)


def read_blocks(path: str, reader: LogReader, begin: int = 0, end: int | None = None) -> Iterator[list[Line]]:
    """The values of a part of a file block by block; see read_bytes()."""
    for data in read_bytes(path, begin, end):
        yield reader.feed(data)
    yield reader.finish()
