"""`python -m aid_ledger` is `aid-ledger`, for children that must run under the very same interpreter."""

from aid_ledger.cli.main import main

main()
