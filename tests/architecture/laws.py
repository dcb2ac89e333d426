"""The laws of the code that no linter knows, each a function from a file to its findings.

`test_tidy.py` holds the project to them; `test_laws.py` shows that each one catches its bad sample. The river is
import-linter's, in pyproject.toml, and tested in `test_river.py`; headings are in `headings.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Finding, Law, Source, at

FUNCTION_LIMIT = 60  # One screen.
FILE_LIMIT = 400  # One idea; a larger one becomes a package of files.

# Where a transaction may end, and why.
COMMIT_DOORS = {
    "aid_ledger/core/act.py": "the one pen: guard, facts and rows end together",
    "aid_ledger/core/migrating.py": "a migration is the schema owner's one transaction; there is no deed in it",
}
# Where SQL may be written by hand, and why.
SQL_DOORS = {
    "aid_ledger/core": "the guard asks the database what it counted",
    "aid_ledger/log": "the sequencer's lock, and `audit diff` over every row",
    "migrations": "triggers and roles have no other language",
    "bench": "rivals are driven as their makers do",
    "tests": "a superuser's attack is raw SQL",
}
# Where every error may be caught, and why.
CATCH_ALL_DOORS = {
    "aid_ledger/web/problems.py": "the outermost door of the web turns a bug into a reference number",
    "aid_ledger/core/jobs/steps.py": "the outermost door of a job: nobody above it could seal the outcome",
    "aid_ledger/core/jobs/worker.py": "the outermost door of a process that must end, and say why",
}
# Where Flask may be known; besides, every views.py and api.py (or a package of either name).
FLASK_DOORS = ("aid_ledger/web", "aid_ledger/app.py", "aid_ledger/app", "tests", "wsgi.py", "bench")
FLASK_FILES = {"views", "api", "views.py", "api.py"}
# Who may ask the replay: those who compare our rows with it, never those who make the rows. A room's own comparison
# is called agreement.py, and only the judges may ask for that, too.
JUDGES = (
    *("audit", "tests", "bench", "aid_ledger/log", "aid_ledger/oversight"),
    *("aid_ledger/app", "aid_ledger/app.py", "aid_ledger/cli", "aid_ledger/cli.py"),
)
ASKING = {"agreement.py", "restoring.py"}
# What rooms compare with replay, and what they make of it after a restore (docs/decisions/0015).
# Where a number is money or goods.
MONEY_ROOMS = ("book", "funding", "programs", "procurement", "disbursement", "approvals", "delivery")
MONEY_PLACES = (
    *(f"aid_ledger/{room}" for room in MONEY_ROOMS),
    "aid_ledger/core/money.py",
    "audit/facts",
    "audit/replay",
)
VAGUE_NAMES = {"common", "data", "helper", "helpers", "info", "manager", "misc", "util", "utils"}
# Spelt in two halves, so that this line is not a finding.
LEFTOVERS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")


def functions_fit_a_screen(source: Source) -> Iterator[Finding]:
    """Find functions of more than 60 lines: they do two things."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LIMIT and not source.lies_in("migrations"):
                yield at(source, node, f"{node.name} has {lines} lines, more than {FUNCTION_LIMIT}")


def files_hold_one_idea(source: Source) -> Iterator[Finding]:
    """Find files of more than 400 lines: they hold two ideas."""
    lines = len(source.text.splitlines())
    if lines > FILE_LIMIT and source.path.suffix in {".py", ".html"} and not source.lies_in("migrations"):
        yield Finding(str(source.path), 1, f"{lines} lines, more than {FILE_LIMIT}")


def only_the_act_commits(source: Source) -> Iterator[Finding]:
    """Find `.commit()`, and `.begin()` which commits on leaving: they end a transaction behind the guard's back."""
    if source.is_product and not source.lies_in(*COMMIT_DOORS):
        for call in _calls(source, {"commit", "begin"}):
            yield at(source, call, "ends a transaction outside core/act.py")


def sql_stays_behind_its_doors(source: Source) -> Iterator[Finding]:
    """Find `text(...)` and raw connections: they go round the models, the river and the guard's sight."""
    if source.lies_in(*SQL_DOORS):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and _dotted(node) in {"sqlalchemy.text", "sa.text"}:
            yield at(source, node, "uses sqlalchemy.text")
    for imported, modules in _imports(source):
        if modules & {"sqlalchemy.text", "sqlalchemy.sql.text"}:
            yield at(source, imported, "imports sqlalchemy.text")
    for call in _calls(source, {"connection", "raw_connection", "exec_driver_sql"}):
        yield at(source, call, "takes a raw connection")


def errors_are_caught_by_name(source: Source) -> Iterator[Finding]:
    """Find `except Exception` and a bare `except`: they hide bugs as refusals."""
    if source.lies_in(*CATCH_ALL_DOORS):
        return
    wide = {"Exception", "BaseException"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(one is None or _dotted(one) in wide for one in caught):
                yield at(source, node, "catches everything")
    for call in _calls(source, {"suppress"}):
        if any(_dotted(one) in wide for one in call.args):
            yield at(source, call, "suppresses everything")


def imports_stand_at_the_top(source: Source) -> Iterator[Finding]:
    """Find imports inside functions: they hide an edge of the river."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield at(source, inner, f"imports inside {node.name}")


def money_is_whole(source: Source) -> Iterator[Finding]:
    """Find floats, by word or literal, where a number is money or goods: a float forgets rupiah."""
    if not source.lies_in(*MONEY_PLACES):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "float":
            yield at(source, node, "says float where numbers are money")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield at(source, node, f"writes {node.value} where numbers are money")
        elif isinstance(node, ast.Attribute) and node.attr in {"Float", "REAL", "Double"}:
            yield at(source, node, "names a floating column type where numbers are money")


def rules_divide_whole(source: Source) -> Iterator[Finding]:
    """Find `/` in rules and money: it makes a float of two integers; `//` says that there is a rest."""
    if source.is_product and (source.path.name == "rules.py" or source.lies_in("aid_ledger/core/money.py")):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
                yield at(source, node, "divides into a float")


def settings_read_the_environment(source: Source) -> Iterator[Finding]:
    """Find readers of the environment beside settings.py: configuration is checked in one place."""
    if source.is_product and not source.lies_in("aid_ledger/settings.py"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and _dotted(node) in {"os.environ", "os.getenv", "os.putenv"}:
                yield at(source, node, "reads the environment outside settings.py")
        for imported, modules in _imports(source):
            if modules & {"os.environ", "os.getenv"}:
                yield at(source, imported, "reads the environment outside settings.py")


def flask_stays_at_the_doors(source: Source) -> Iterator[Finding]:
    """Find Flask away from the doors: a rule that knows it cannot be asked from a command line, a job or a test."""
    if source.lies_in(*FLASK_DOORS) or FLASK_FILES & set(source.path.parts):
        return
    for node, modules in _imports(source):
        if {module.split(".")[0].split("_")[0] for module in modules} & {"flask", "werkzeug", "wtforms"}:
            yield at(source, node, "imports Flask away from the doors")


def replay_is_asked_by_judges_only(source: Source) -> Iterator[Finding]:
    """Find makers of rows who borrow the replay: it is the second opinion, and both would err alike."""
    if source.lies_in(*JUDGES) or source.path.name in ASKING:
        return
    for node, modules in _imports(source):
        if any(f"{module}.".startswith("audit.replay.") or module.endswith(".agreement") for module in modules):
            yield at(source, node, "borrows the second opinion")


def names_mean_something(source: Source) -> Iterator[Finding]:
    """Find files called helpers and the like: a domain word is missing there."""
    if source.path.stem in VAGUE_NAMES or VAGUE_NAMES & set(source.path.parts[:-1]) - {"data"}:
        yield Finding(str(source.path), 1, "is named after nothing in the domain")


def nothing_is_left_for_later(source: Source) -> Iterator[Finding]:
    """Find notes for later: what is not done is not promised in the code."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if LEFTOVERS.search(line):
            yield Finding(str(source.path), number, "leaves a note for later")


PYTHON_LAWS: tuple[Law, ...] = (
    functions_fit_a_screen,
    only_the_act_commits,
    sql_stays_behind_its_doors,
    errors_are_caught_by_name,
    imports_stand_at_the_top,
    money_is_whole,
    rules_divide_whole,
    settings_read_the_environment,
    flask_stays_at_the_doors,
    replay_is_asked_by_judges_only,
    names_mean_something,
)
PROSE_LAWS: tuple[Law, ...] = (files_hold_one_idea, nothing_is_left_for_later)


def _calls(source: Source, names: set[str]) -> Iterator[ast.Call]:
    """Yield the calls of functions and methods of these names, on whatever object."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _dotted(node.func).split(".")[-1] in names:
            yield node


def _imports(source: Source) -> Iterator[tuple[ast.AST, set[str]]]:
    """Yield every import with the full name of each module it may mean."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield node, {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}


def _dotted(node: ast.AST | None) -> str:
    """Write a name or a chain of attributes as the source does; what it hangs on may be anything, written as ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""
