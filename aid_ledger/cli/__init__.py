"""The command line: a door like the web, with the same services, the same sign-in and the same words."""

from aid_ledger.cli.main import main

__all__ = ["main"]
