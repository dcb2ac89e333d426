"""What a reader of other people says of a signed receipt: its words, kept apart from the reader itself, which is large.

The reader is in `second_reader.py`. Whatever it says decides nothing in favour of a file: our own strict verifier has
said yes before it is asked, and its no is heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

Words = dict[str, str | bool]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was found: `fault` names what is wrong, "" if nothing; coverage and changes are the reader's own words."""

    intact: bool
    trusted: bool
    coverage: str
    changes: str
    fault: str

    def to_json(self) -> Words:
        """Write it for the other side of a prison's wall."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: Mapping[str, object]) -> Opinion:
        """Read what a prisoner wrote; raises ValueError if it is not what `to_json` writes."""
        match written:
            case {
                "intact": bool(intact),
                "trusted": bool(trusted),
                "coverage": str(coverage),
                "changes": str(changes),
                "fault": str(fault),
            }:
                return cls(intact, trusted, coverage, changes, fault)
            case _:
                raise ValueError("this is no opinion")
