"""Nobody moves aid alone: who may take the next step of a batch.

The bar reaches beyond the batch's own steps (THREATS 3): it covers those who shaped what the batch pays, and whoever
holds office in the place of any of them. Who hands out roles needs no bar here: ADMIN and the roles that move aid
never meet in one person. Also asked by `delivery` for the one who pays.
"""

from __future__ import annotations

from aid_ledger.approvals import queries
from aid_ledger.approvals.rules import SelfApproval, ShapedTheBatch
from aid_ledger.core.act import Act
from aid_ledger.core.roles import Role
from aid_ledger.disbursement.models import Batch
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import require_office, require_role
from aid_ledger.officials.queries import HeldOffice


def require_separate(act: Act, batch: Batch, official_id: int) -> None:
    """Refuse an official who already stands for a step of this batch, or shaped it.

    Raises:
        SelfApproval: a step of this batch is theirs already, or is of somebody in whose place they act.
        ShapedTheBatch: they shaped what the batch pays.

    """
    barred = officials.barred_with(act.session, official_id, act.on)
    for other, step in queries.standing(act.session, batch).items():
        if other in barred:
            raise SelfApproval(batch=batch.reference, step=step)
    if barred & queries.shapers(act.session, batch):
        raise ShapedTheBatch(batch=batch.reference)


def require_power(act: Act, role: Role, *batches: Batch) -> tuple[int, HeldOffice]:
    """Demand a role over the regions of these batches and an office, held until the Act ends; gives id and office.

    Raises:
        RoleMissing: the role is not held (revoked a moment ago, not begun, ended), or not over the region.
        NoOffice: no office is held.

    """
    regions = dict.fromkeys(batch.region_code for batch in batches)
    official_id = {require_role(act, role, region=region) for region in regions}.pop()
    return official_id, require_office(act, official_id)
