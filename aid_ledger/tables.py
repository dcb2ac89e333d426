"""Every table of the product in one place: importing this file fills the metadata, in river order."""

from __future__ import annotations

from aid_ledger.approvals import models as approvals
from aid_ledger.book import models as book
from aid_ledger.core import numbering
from aid_ledger.core.db import Base
from aid_ledger.core.jobs import tables as jobs
from aid_ledger.custody import models as custody
from aid_ledger.delivery import models as delivery
from aid_ledger.disbursement import models as disbursement
from aid_ledger.documents import models as documents
from aid_ledger.funding import models as funding
from aid_ledger.isolation import models as isolation
from aid_ledger.leaving import models as leaving
from aid_ledger.log import models as log
from aid_ledger.officials import models as officials
from aid_ledger.procurement import models as procurement
from aid_ledger.programs import models as programs
from aid_ledger.public import models as public
from aid_ledger.receipts import models as receipts
from aid_ledger.recipients import models as recipients
from aid_ledger.regions import models as regions
from aid_ledger.web import models as web

ROOMS = (
    numbering,
    jobs,
    web,
    log,
    regions,
    officials,
    custody,
    leaving,
    documents,
    book,
    funding,
    programs,
    procurement,
    recipients,
    isolation,
    disbursement,
    approvals,
    delivery,
    receipts,
    public,
)
METADATA = Base.metadata
