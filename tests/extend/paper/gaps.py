"""What the local cloud does not do as Paper does."""

from edgewright.platforms.gap import Gap

GAPS: tuple[Gap, ...] = (Gap("paper-sheets", "Paper", "Sheets are recorded; nothing answers."),)
