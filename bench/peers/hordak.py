"""django-hordak: double-entry bookkeeping in Django, with its integrity triggers as its own migrations make them.

Payouts are posted the way its own benchmark command `create_benchmark_transactions` does it, which is also the
fastest its documentation shows: Transaction and Leg objects through `bulk_create`, here all in one database
transaction, because the batch is one deed on both sides. Run by bench/sides.py.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from sqlalchemy import make_url

from bench.sides import serve, timed

CURRENCY = "IDR"
LEGS_AT_A_TIME = 50_000
"""The size at which hordak's own command saves; larger lists only cost it memory."""


def start(url: str) -> tuple[Any, Any, Any]:
    """Configure Django in code, migrate hordak's database, and give its models, its Money and Django's transactions.

    Django can be imported only when it is configured, and only where the bench lock is installed: hence by name.
    """
    place = make_url(url)
    settings = import_module("django.conf").settings
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": place.database,
                "USER": place.username,
                "HOST": place.host,
                "PORT": place.port,
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY=CURRENCY,
        CURRENCIES=[CURRENCY],
        HORDAK_INTERNAL_CURRENCY=CURRENCY,
        HORDAK_CURRENCIES=[CURRENCY],
        HORDAK_DECIMAL_PLACES=0,
        HORDAK_MAX_DIGITS=18,
        USE_TZ=True,
        DEBUG=False,  # Otherwise Django keeps every query in memory.
    )
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    return (
        import_module("hordak.models"),
        import_module("moneyed").Money,
        import_module("django.db").transaction,
    )


class Hordak:
    """The turns of this side."""

    def __init__(self, url: str) -> None:
        self.models, self.money, self.transaction = start(url)
        self.cash = self._account("Kas", "1", "AS")
        self.source = self._account("Dana dialokasikan", "2", "LI")
        self.payable = self._account("Dana dicadangkan", "3", "LI")

    def fund(self, amount: int) -> dict[str, Any]:
        """Begin anew with one receipt in the source account, so that every turn meets the same tables."""
        connection = import_module("django.db").connection
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE hordak_leg, hordak_transaction CASCADE")
        self.source.transfer_to(self.cash, self.money(amount, CURRENCY))
        return {}

    def post(self, count: int, amount: int) -> dict[str, Any]:
        """Post `count` payouts of two legs each in one database transaction, after a look at the balance."""
        outcome: dict[str, Any] = {"rows": count}
        with timed(outcome), self.transaction.atomic():
            held = self.source.get_balance()[CURRENCY].amount
            assert held >= count * amount
            each = self.money(amount, CURRENCY)
            per_round = LEGS_AT_A_TIME // 2
            for start_at in range(0, count, per_round):
                self._post_some(range(start_at, min(start_at + per_round, count)), each)
        assert self.models.Leg.objects.count() == 2 * count + 2
        assert self.payable.get_balance()[CURRENCY].amount == count * amount
        return outcome

    def _post_some(self, numbers: range, each: Any) -> None:  # noqa: ANN401 - Money of an optional package
        transactions, legs = [], []
        for number in numbers:
            made = self.models.Transaction(description=f"BTC-2026-000001/{number}")
            transactions.append(made)
            legs.append(self.models.Leg(transaction=made, account=self.source, debit=each))
            legs.append(self.models.Leg(transaction=made, account=self.payable, credit=each))
        self.models.Transaction.objects.bulk_create(transactions)
        self.models.Leg.objects.bulk_create(legs)

    def _account(self, name: str, code: str, kind: str) -> Any:  # noqa: ANN401 - a model of an optional package
        return self.models.Account.objects.create(name=name, code=code, type=kind, currencies=[CURRENCY])


if __name__ == "__main__":
    side = Hordak(sys.argv[1])
    serve({"fund": side.fund, "post": side.post})
