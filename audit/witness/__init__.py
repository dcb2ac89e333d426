"""A witness (C2SP tlog-witness v1.0.0): remembers how far a log had grown, and never swears to anything else.

Run by somebody who is not the log's owner. It reads no entries: a signed checkpoint and a proof that the log only grew
are enough to swear by. What it decides is in `rules.py`, what it remembers in `memory.py`.
"""
