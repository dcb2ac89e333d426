"""The page of what signs receipts here: its certificate, how long it lasts, and how it is renewed.

The key is not opened for it: a token would be asked each time an administrator looks at their first page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from cryptography import x509
from cryptography.x509.oid import NameOID
from flask import Blueprint, Flask, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core import clock
from aid_ledger.core.errors import DomainError
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.core.roles import Role
from aid_ledger.receipts import certificates
from aid_ledger.receipts.signers import choosing
from aid_ledger.settings import Settings
from aid_ledger.web import slots
from aid_ledger.web.guard import allow

bp = Blueprint("receipt_signer", __name__, url_prefix="/penanda-tangan")

READERS: Final = (Role.ADMIN, Role.AUDITOR)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the signing certificate: None where there is none that can be read."""

    certificate: x509.Certificate | None
    days_left: int = 0

    @property
    def name(self) -> str:
        """Give the name that readers of PDF show."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if self.certificate else []
        return str(names[0].value) if names else ""

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing can be signed any more."""
        return self.days_left < 0

    @property
    def ends_soon(self) -> bool:
        """Tell whether a new certificate has to be made now."""
        return self.days_left < certificates.WARNING_DAYS


def install(app: Flask) -> None:
    """Hang the page on an application, and warn administrators on their first page."""
    app.register_blueprint(bp)
    slots.register_home_cards(app, Role.ADMIN, _cards)


@bp.get("/")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """Show the certificate that receipts are signed with."""
    found = standing()
    return render_template(
        "receipts/signer.html", standing=found, name=found.name, warning_days=certificates.WARNING_DAYS
    )


def standing() -> Standing:
    """Read the signing certificate of this installation."""
    settings = cast("Settings", current_app.extensions["aid_ledger.office"].settings)
    try:
        found = choosing.certificate_of(settings.keys_folder, settings.receipt_signing_file)
    except (KeyFileFault, DomainError):
        return Standing(None)
    return Standing(found, certificates.days_left(found, clock.now()))


def _cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    found = standing()
    if found.certificate is not None and not found.ends_soon:
        return []
    if found.certificate is None:
        sentence = "Kunci penanda tangan tidak dapat dibaca di mesin ini; PDF tanda terima belum dapat dibuat."
    elif found.has_ended:
        sentence = "Masa berlakunya sudah habis; PDF tanda terima baru tidak dapat dibuat."
    else:
        sentence = f"Masa berlakunya tinggal {found.days_left} hari. Terbitkan sertifikat baru sebelum habis."
    return [
        slots.HomeCard(
            title="Sertifikat penanda tangan tanda terima",
            sentence=sentence,
            url=url_for("receipt_signer.show"),
            verb="Lihat caranya",
            is_urgent=True,
            order=20,
        )
    ]
