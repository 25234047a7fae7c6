"""A command whose options belong to techniques: foreign ones are refused, and the help is sorted by technique."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from stylex.cli.options.common import click_option, decorated
from stylex.errors import UsageError
from stylex.techniques import TECHNIQUES, listed

F = TypeVar("F", bound=Callable[..., Any])

TECHNIQUE = "stylex.technique"
"""Where a click context keeps the technique that its help is about."""
RUN = tuple(technique for technique in TECHNIQUES if technique.verb == "run")
OPTIONS = tuple(option for technique in RUN for option in technique.options)
SHARED = tuple(dict.fromkeys(name for technique in RUN for name in technique.shared))
TECHNIQUES_OF = {
    name: tuple(t.name for t in RUN if name in (*t.shared, *(option.name for option in t.options)))
    for name in (*SHARED, *(option.name for option in OPTIONS))
}
"""Techniques by the name of the parameter that only they have; every technique has what isn't named."""


def own_options(function: F) -> F:
    """Adds the options that only one technique has."""
    return decorated(function, [click_option(option) for option in OPTIONS])


class TechniqueCommand(click.Command):
    """A command on TECHNIQUE whose help shows, behind a technique, only that technique's options and examples."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Notes the technique first: --help is dealt with before the arguments are."""
        ctx.meta[TECHNIQUE] = next((word for word in args if word in {t.name for t in TECHNIQUES}), None)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help, without other techniques' examples."""
        whole, technique = self.help, ctx.meta.get(TECHNIQUE)
        if technique and whole:
            self.help = "\n".join(
                line for line in whole.split("\n") if _of(line, ctx.command_path) in (None, technique)
            )
        super().format_help_text(ctx, formatter)
        self.help = whole

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options that every technique has, then those that only some have."""
        technique = ctx.meta.get(TECHNIQUE)
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            owners = TECHNIQUES_OF.get(parameter.name or "", ())
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record and (not technique or not owners or technique in owners):
                title = f"Options of {listed(owners)}" if owners else "Options"
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> object:
        """Runs it, unless an option was given that the technique doesn't have."""
        technique = ctx.params["technique"]
        for name, owners in TECHNIQUES_OF.items():
            given = ctx.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
            if given and technique not in owners:
                option = next(p.opts[0] for p in self.params if p.name == name)
                raise UsageError(f"{option} is for {listed(owners)}, not for {technique}: leave it out")
        return super().invoke(ctx)


def _of(line: str, command: str) -> str | None:
    """Returns the technique of an example's line; None for any other line."""
    found = re.match(rf" *stylex {command.split()[-1]} ([\w-]+) ", line)
    return found[1] if found else None
