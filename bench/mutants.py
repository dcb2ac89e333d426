"""What could be wrong in the verifier without a test noticing: `./run mutants [GROUP or FILE ...]`.

mutmut changes one thing at a time in a copy of this checkout (a comparison, a constant, an argument, a word) and runs
the tests that touch it. A change that no test notices has survived. Each survivor needs a reason in `mutants.toml`:
mostly that the changed program does the same. What was found of each file is kept in `mutants.json` until it is tried
again, and docs/mutants.md is written from it; without a reason the run ends with 1. It is long (an hour on two cores),
so it is no part of `./run test`, and a file that was changed may be tried alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
REASONS: Final = Path(__file__).with_name("mutants.toml")
FOUND: Final = Path(__file__).with_name("mutants.json")
DOCUMENT: Final = ROOT / "docs" / "mutants.md"
NOTICED: Final = frozenset({1, 3, 24, 36, -24})
"""How mutmut's worker ends when a test failed, or when the changed program ran for ever."""
SURVIVED: Final = 0
ALL_TESTS: Final = "tests/audit"


@dataclass(frozen=True)
class Group:
    """Files that are changed, and the tests that are asked; fewer tests only make more survivors."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


def _tests(*names: str) -> tuple[str, ...]:
    return tuple(f"{ALL_TESTS}/test_{name}.py" for name in names)


GROUPS: Final = {
    "foundations": Group(
        tuple(f"audit/{name}.py" for name in ("checkpoint", "merkle", "note", "policy", "proof")),
        _tests(
            *("refusals", "merkle", "note", "checkpoint", "proof", "policy", "policy_refusals", "key_ranges"),
            *("vectors", "tiles", "witness_rules", "history"),
        ),
    ),
    "stamps": Group(("audit/stamp.py", "audit/stampkeys.py"), _tests("stamp", "stampkeys")),
    "replay": Group(
        tuple(sorted(f"audit/replay/{path.name}" for path in (ROOT / "audit" / "replay").glob("*.py"))),
        (*sorted(f"{ALL_TESTS}/{path.name}" for path in (ROOT / ALL_TESTS).glob("test_*replay*.py")), *_tests("roots")),
    ),
}


@dataclass(frozen=True)
class Mutant:
    """One change: where, and the line before and after."""

    file: str
    function: str
    was: str
    now: str


@dataclass(frozen=True)
class Count:
    """How it went with one file."""

    made: int
    survivors: tuple[Mutant, ...]


def main() -> None:
    """Change what was asked for, count, and hold the survivors against their reasons."""
    parser = argparse.ArgumentParser(prog="./run mutants", description="Change the verifier and see who notices.")
    parser.add_argument("what", nargs="*", default=list(GROUPS), help=f"{', '.join(GROUPS)}, or files; all if left out")
    parser.add_argument("--processes", default="2", help="changed programs tried at a time")
    chosen = parser.parse_args()
    reasons = tomllib.loads(REASONS.read_text())["mutant"]
    unexplained: list[Mutant] = []
    for group in groups(chosen.what):
        with tempfile.TemporaryDirectory(prefix="aid-ledger-mutants-") as place:
            counts = tried(Path(place), group, chosen.processes)
        keep(counts)
        unexplained += told(counts, reasons)
    DOCUMENT.write_text(document(kept(), reasons))
    sys.exit(1 if unexplained else 0)


def groups(wanted: Sequence[str]) -> Iterator[Group]:
    """Find the groups that were asked for; a file is tried with the tests of its group."""
    for name, group in GROUPS.items():
        files = group.files if name in wanted else tuple(file for file in group.files if file in wanted)
        if files:
            yield Group(files, group.tests)
    if unknown := set(wanted) - set(GROUPS) - {file for group in GROUPS.values() for file in group.files}:
        sys.exit(f"neither a group nor a file of one: {', '.join(sorted(unknown))}")


def kept() -> dict[str, Count]:
    """Read what was found so far, by file."""
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    return {
        file: Count(each["made"], tuple(Mutant(file, **survivor) for survivor in each["survivors"]))
        for file, each in sorted(found.items())
    }


def keep(counts: dict[str, Count]) -> None:
    """Put what was found of some files beside what is known of the others."""
    found = {}
    for file, count in sorted((kept() | counts).items()):
        survivors = [asdict(mutant) for mutant in sorted(count.survivors, key=lambda each: (each.function, each.now))]
        for survivor in survivors:
            del survivor["file"]
        found[file] = {"made": count.made, "survivors": survivors}
    FOUND.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def tried(place: Path, group: Group, processes: str) -> dict[str, Count]:
    """Copy the checkout, change it there, and count by file."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place / name)
    with (place / "pyproject.toml").open("a") as file:
        file.write(settings(group))
    done = subprocess.run(["mutmut", "run", "--max-children", processes], cwd=place, check=False)
    if done.returncode:
        sys.exit(f"mutmut ended with {done.returncode}")
    metas = sorted((place / "mutants").rglob("*.py.meta"))
    return {
        str(meta.relative_to(place / "mutants")).removesuffix(".meta"): counted(place, meta)
        for meta in metas
        if json.loads(meta.read_text())["exit_code_by_key"]
    }


def settings(group: Group) -> str:
    """Write mutmut's settings for a group."""
    copied = ["aid_ledger", "bench", "docs", "migrations", "templates", "run", "README.md"]
    values = {
        "source_paths": ["audit"],
        "only_mutate": list(group.files),
        "also_copy": copied,
        "pytest_add_cli_args_test_selection": list(group.tests),
    }
    return "\n[tool.mutmut]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def counted(place: Path, meta: Path) -> Count:
    """Read how the changes of one file ended; one that was not tried at all counts as a survivor."""
    ended: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    file = str(meta.relative_to(place / "mutants")).removesuffix(".meta")
    survivors = [shown(place, file, key) for key, code in ended.items() if code not in NOTICED]
    return Count(len(ended), tuple(survivors))


def shown(place: Path, file: str, key: str) -> Mutant:
    """Ask what one change was."""
    text = subprocess.run(["mutmut", "show", key], cwd=place, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if line[:1] in "+-" and line[:3] not in {"---", "+++"}]
    was = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    now = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Mutant(file, key.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x_"), was, now)


def told(counts: dict[str, Count], reasons: Sequence[dict[str, str]]) -> Iterator[Mutant]:
    """Print the counts, and print and give every survivor that has no reason."""
    for file, count in counts.items():
        print(f"{file}: {count.made} changes, {len(count.survivors)} survived")
        for mutant in count.survivors:
            if reason_of(mutant, reasons) is None:
                print(f"\nfile = {json.dumps(file)}  # {mutant.function}\nwas = {json.dumps(mutant.was)}")
                print(f"now = {json.dumps(mutant.now)}\n")
                yield mutant


def reason_of(mutant: Mutant, reasons: Sequence[dict[str, str]]) -> str | None:
    """Find why a change may survive."""
    wanted = (mutant.file, mutant.was, mutant.now)
    return next((each["why"] for each in reasons if (each["file"], each["was"], each["now"]) == wanted), None)


def document(counts: dict[str, Count], reasons: Sequence[dict[str, str]]) -> str:
    """Write docs/mutants.md."""
    lines = [
        "# What could be wrong in the verifier without a test noticing",
        "",
        "`./run mutants` changes the verifier one comparison, constant, argument or word at a time and runs its tests.",
        "A change that no test notices has survived; each is listed here with the reason why it may.",
        "",
        "| File | Changes | Noticed | Survived |",
        "|---|---:|---:|---:|",
    ]
    for file, count in counts.items():
        lines.append(f"| `{file}` | {count.made} | {count.made - len(count.survivors)} | {len(count.survivors)} |")
    made = sum(count.made for count in counts.values())
    survived = sum(len(count.survivors) for count in counts.values())
    lines += [f"| all | {made} | {made - survived} | {survived} |", ""]
    for file, count in counts.items():
        if count.survivors:
            lines += [f"## `{file}`", ""]
        for mutant in count.survivors:
            lines += [
                f"- `{mutant.function}`: {reason_of(mutant, reasons) or 'not explained'}",
                "  ```diff",
                f"  - {mutant.was}",
                f"  + {mutant.now}",
                "  ```",
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()
