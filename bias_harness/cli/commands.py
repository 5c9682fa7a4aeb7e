"""The commands by chapter, as `--help` lists them, and what became of those that went."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from bias_harness.errors import UsageError

GONE = {
    "bias-harness calibrate": "bias-harness plan EXPERIMENT --simulate",
    "bias-harness estimate": "bias-harness report RUN",
    "bias-harness score": "bias-harness read RUN --again",
    "bias-harness plugins": "bias-harness doctor",
    "bias-harness second-read": "bias-harness run EXPERIMENT --set=confirm=all",
    "model list": "bias-harness doctor",
    "model where": "bias-harness model fetch NAME",
}
"""What was a command once, and what does it now."""


class Commands(TyperGroup):
    """A group that lists its commands under the headings of their chapters."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section a chapter."""
        listed = [self.commands[name] for name in self.list_commands(ctx)]
        width = formatter.width - 6 - max(len(command.name or "") for command in listed)
        for chapter in dict.fromkeys(_chapter(command) for command in listed):
            with formatter.section(chapter):
                formatter.write_dl(
                    [(c.name or "", c.get_short_help_str(width)) for c in listed if _chapter(c) == chapter]
                )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was typed. Raises `UsageError` that names the new one for a command that went."""
        now = GONE.get(f"{self.name} {args[0]}") if args else None
        if now is not None and not ctx.resilient_parsing:
            raise UsageError(f"there is no `{args[0]}` any more; this does it: {now}")
        return super().resolve_command(ctx, args)


def _chapter(command: Any) -> str:
    return str(getattr(command, "rich_help_panel", None) or "Commands")
