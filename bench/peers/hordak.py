"""django-hordak: double-entry bookkeeping in Django, with its integrity triggers as its own migrations make them.

Payouts are posted the way its own benchmark command `create_benchmark_transactions` does it, which is also the
fastest its documentation shows: Transaction and Leg objects through `bulk_create`, here all in one database
transaction, because the batch is one deed on both sides. `pay` does the work of a batch: it reads who is entitled to
what, and keeps a line that says whom each transaction is for, since hordak's own tables do not. `post` does less: it
posts amounts that are for nobody. Run by bench/sides.py.
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


def own_models() -> tuple[Any, Any]:
    """Make the two tables an application beside hordak needs: who is entitled to what, and the lines of a batch."""
    db = import_module("django.db")

    class Entitled(db.models.Model):  # type: ignore[name-defined,misc]  # Django's types come with the bench lock only
        """A household and what it is entitled to."""

        class Meta:
            """Belongs to no installed application."""

            app_label = "bench"

        account = db.models.CharField(max_length=40)
        amount = db.models.BigIntegerField()

    class Line(db.models.Model):  # type: ignore[name-defined,misc]  # as above
        """A line of a batch: whom a transaction is for."""

        class Meta:
            """Belongs to no installed application."""

            app_label = "bench"

        number = db.models.IntegerField()
        entitled = db.models.ForeignKey(Entitled, on_delete=db.models.PROTECT)
        transaction = db.models.ForeignKey("hordak.Transaction", on_delete=db.models.PROTECT)

    with db.connection.schema_editor() as editor:
        editor.create_model(Entitled)
        editor.create_model(Line)
    return Entitled, Line


class Hordak:
    """The turns of this side."""

    def __init__(self, url: str) -> None:
        self.models, self.money, self.transaction = start(url)
        self.entitled, self.line = own_models()
        self.cash = self._account("Kas", "1", "AS")
        self.source = self._account("Dana dialokasikan", "2", "LI")
        self.payable = self._account("Dana dicadangkan", "3", "LI")

    def fund(self, amount: int) -> dict[str, Any]:
        """Begin anew with one receipt in the source account, so that every turn meets the same tables."""
        connection = import_module("django.db").connection
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE hordak_leg, hordak_transaction, bench_line, bench_entitled CASCADE")
        self.source.transfer_to(self.cash, self.money(amount, CURRENCY))
        return {}

    def entitle(self, count: int, amount: int) -> dict[str, Any]:
        """Say who is entitled to what, before any clock runs."""
        rows = [self.entitled(account=f"{number:010}", amount=amount) for number in range(count)]
        self.entitled.objects.bulk_create(rows, batch_size=LEGS_AT_A_TIME)
        return {}

    def pay(self, count: int) -> dict[str, Any]:
        """Make and post a batch of everyone entitled in one database transaction, after a look at the balance."""
        outcome: dict[str, Any] = {"rows": count}
        with timed(outcome), self.transaction.atomic():
            held = self.source.get_balance()[CURRENCY].amount
            wanted = list(self.entitled.objects.order_by("id").values_list("id", "amount"))
            assert held >= sum(amount for _id, amount in wanted)
            per_round = LEGS_AT_A_TIME // 2
            for start_at in range(0, len(wanted), per_round):
                some = wanted[start_at : start_at + per_round]
                made = self._post_some(range(start_at, start_at + len(some)), [amount for _id, amount in some])
                lines = [
                    self.line(number=start_at + place, entitled_id=id_, transaction=transaction)
                    for place, ((id_, _amount), transaction) in enumerate(zip(some, made, strict=True), start=1)
                ]
                self.line.objects.bulk_create(lines)
        assert self.line.objects.count() == count
        assert self.models.Leg.objects.count() == 2 * count + 2
        return outcome

    def post(self, count: int, amount: int) -> dict[str, Any]:
        """Post `count` payouts of two legs each in one database transaction, after a look at the balance."""
        outcome: dict[str, Any] = {"rows": count}
        with timed(outcome), self.transaction.atomic():
            held = self.source.get_balance()[CURRENCY].amount
            assert held >= count * amount
            per_round = LEGS_AT_A_TIME // 2
            for start_at in range(0, count, per_round):
                numbers = range(start_at, min(start_at + per_round, count))
                self._post_some(numbers, [amount] * len(numbers))
        assert self.models.Leg.objects.count() == 2 * count + 2
        assert self.payable.get_balance()[CURRENCY].amount == count * amount
        return outcome

    def _post_some(self, numbers: range, amounts: list[int]) -> list[Any]:
        transactions, legs = [], []
        for number, amount in zip(numbers, amounts, strict=True):
            each = self.money(amount, CURRENCY)
            made = self.models.Transaction(description=f"BTC-2026-000001/{number}")
            transactions.append(made)
            legs.append(self.models.Leg(transaction=made, account=self.source, debit=each))
            legs.append(self.models.Leg(transaction=made, account=self.payable, credit=each))
        self.models.Transaction.objects.bulk_create(transactions)
        self.models.Leg.objects.bulk_create(legs)
        return transactions

    def _account(self, name: str, code: str, kind: str) -> Any:  # noqa: ANN401 - a model of an optional package
        return self.models.Account.objects.create(name=name, code=code, type=kind, currencies=[CURRENCY])


if __name__ == "__main__":
    side = Hordak(sys.argv[1])
    serve({"fund": side.fund, "entitle": side.entitle, "pay": side.pay, "post": side.post})
