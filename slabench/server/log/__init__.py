"""The deploy log of SGLang 0.4.3 to 0.5.23: bytes in, values out.

lines.py reads one line, reader.py a stream, a file or a part of one, merge.py the files of one deployment;
log_window.py finds the bytes of a file that were written during a run.
"""
