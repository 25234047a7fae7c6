"""`python -m stylex`."""

from stylex.cli import main

main(prog_name="stylex")
