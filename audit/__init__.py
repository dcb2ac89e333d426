"""The stand-alone verifier of an Aid Ledger log: read it, recompute it, believe nothing it can check itself.

Installed alone as `aid-ledger-audit`; it needs `cryptography` and `click`, and shares no code with the
application whose log it judges. The reading order is in README.md and every byte format in FORMAT.md.
"""

__version__ = "0.1.0"
