"""What a browser makes of a stamp is what the verifier makes of it: the golden vectors, and a thousand bent ones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from aid_ledger.web import onefile
from audit import stamp
from audit.errors import AuditError
from tests.audit.small_log import ORIGIN
from tests.audit.stamping import GOODS, MONEY, STAMPER, VECTORS, public_of, sealed
from tests.builders.browsing import launched

pytestmark = pytest.mark.browser
GOLDEN: dict[str, Any] = json.loads(VECTORS.read_text())
MODULES = ("bytes", "merkle", "note", "anchors", "stamp")
BENT = 1_000
READ = """([texts, given]) => {
  const { stampKeys } = readAnchors(given);
  return texts.map((text) => {
    try {
      const stamp = parseStamp(text);
      if (!isStamped(stamp, given.origin, stampKeys)) return "unsigned";
      const { code, paidOn, index, amount, number, program, payee, unit, contents } = stamp;
      return [code, paidOn, String(index), String(amount), number, program, payee, unit, contents];
    } catch (error) {
      return error instanceof Refused ? "refused" : `surprise: ${error}`;
    }
  });
}"""
"""Read stamps with the page's own modules."""


@pytest.fixture
def page(playwright: Playwright) -> Iterator[Page]:
    """Open an empty page that knows our modules."""
    with launched(playwright) as browser:
        yield opened(browser)


def opened(browser: Browser) -> Page:
    """Load the modules as pages do, and hand out what they export."""
    page = browser.new_page()
    names = "readAnchors, isStamped, parseStamp, Refused"
    script = onefile.join_modules(MODULES).replace("})();\n", f"Object.assign(window, {{ {names} }});\n}})();\n")
    page.add_script_tag(content=script)
    return page


def given(first: int = 0, last: int | None = None) -> dict[str, Any]:
    """Give what a page is given: the golden list of stamp keys, under the key that signs these sizes."""
    return {"origin": ORIGIN, "keys": [[GOLDEN["log_vkey"], first, last]], "stamps": json.loads(GOLDEN["keys"])}


def by_verifier(text: str) -> object:
    """Read a stamp with the verifier, and say it as the browser does."""
    try:
        signed = stamp.read(text)
        stamp.verify(signed, ORIGIN, [public_of(STAMPER)])
    except AuditError as error:
        return "unsigned" if error.rule == "stamp.signature" else "refused"
    said = signed.stamp
    texts = [said.number, said.program, said.payee, said.unit, said.contents]
    return [said.code, said.paid_on.isoformat(), str(said.index), str(said.amount), *texts]


def test_the_golden_stamps_read_the_same(page: Page) -> None:
    """Good ones to the last letter; bad ones refused, by the same list of stamp keys."""
    good = [each["digits"] for each in GOLDEN["stamps"]]
    bad = [each["digits"] for each in GOLDEN["bad"]]
    read = page.evaluate(READ, [good + bad, given()])
    assert read[: len(good)] == [by_verifier(text) for text in good]
    assert read[len(good) :] == [
        "unsigned" if each["rule"] == "stamp.signature" else "refused" for each in GOLDEN["bad"]
    ]


def test_a_thousand_bent_stamps_are_judged_the_same(page: Page) -> None:
    """Bytes changed, cut, doubled and signed again by the true key, so that only the format speaks."""
    draw = random.Random(2021)  # noqa: S311 - it bends, it hides nothing
    texts = [sealed(bent(draw, stamp.write(draw.choice((MONEY, GOODS))))) for _ in range(BENT)]
    judged = [by_verifier(text) for text in texts]
    assert page.evaluate(READ, [texts, given()]) == judged
    kinds = [str(each) for each in judged]
    assert BENT // 10 < kinds.count("refused") < BENT - BENT // 10


def bent(draw: random.Random, body: bytes) -> bytes:
    """Bend a body a little."""
    at = draw.randrange(1, len(body))
    return draw.choice(
        (
            body[:at] + draw.randbytes(1) + body[at + 1 :],
            body[:at] + draw.randbytes(draw.randrange(1, 4)) + body[at:],
            body[:at] + body[at + draw.randrange(1, 4) :],
            body[:13] + draw.randbytes(draw.randrange(1, 12)) + body[16:],
            body + draw.randbytes(1),
        )
    )


@pytest.mark.parametrize(("first", "last", "is_good"), [(0, 7, True), (7, None, True), (0, 6, False), (8, None, False)])
def test_a_log_key_vouches_for_its_own_sizes_only(page: Page, first: int, last: int | None, is_good: bool) -> None:
    """THREATS 11: after a rotation the old key seals nothing new, and the new one nothing old."""
    asked = "given => { try { return readAnchors(given).stampKeys.length; } catch (error) { return error.message; } }"
    expected = 1 if is_good else "segelnya tidak ditandatangani kunci log"
    assert page.evaluate(asked, given(first, last)) == expected
