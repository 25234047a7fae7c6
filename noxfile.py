"""The tests on every Python that pyproject.toml allows, and with the lowest versions that it allows.

pip install nox uv
nox                         # on each Python that is found here; the others are skipped, and named
nox -s tests-3.12 -- tests/runtime
nox -s lowest
"""

import nox

nox.options.default_venv_backend = "uv|virtualenv"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = "cpu,export,serve,video,bench,test"
QUICK = ("tests/artifacts", "tests/imaging", "tests/quant", "tests/runtime", "tests/serve", "tests/cli/test_help.py")
"""What `lowest` runs by default; its packages are years apart, so that style and types are none of its business."""


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the pinned versions, where these have wheels for the Python, else with newest ones."""
    session.install("-c", "constraints.txt", "-e", f".[{EXTRAS}]")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run tests with the lowest version of each direct dependency."""
    session.install("--resolution", "lowest-direct", "-e", f".[{EXTRAS}]")
    session.run("pytest", *(session.posargs or QUICK))
