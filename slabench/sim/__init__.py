"""The embedded server: a model of SGLang 0.5.7's scheduler in virtual time, and an HTTP face that replays it
in real time.

It imports nothing of the rest of this project: what it says is pinned by a real server's bytes, so that a
writer and a reader that are wrong together cannot agree.
"""
