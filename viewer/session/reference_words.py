"""Norms and cut-offs as a reader is told them: value, source, and where a site changes them."""

from __future__ import annotations

from viewer.measure.references import ReferenceValues, site_file

TOLD = ("normal_area", "healthy_stenosis", "cut_off", "border")


def sources_text(values: ReferenceValues) -> str:
    """Every norm and cut-off behind a stenosis, a line each, and how a site sets its own."""
    lines = []
    for group in TOLD:
        for entry in values.group(group):
            name = entry.key.split(".", 1)[1].replace("_", " ")
            words = group.replace("_", " ")
            lines.append(f"{words}, {name}: {entry.value:g} {entry.unit}. {entry.note}")
    site = site_file()
    state = "is in force" if site.exists() else "does not exist yet"
    lines.append(
        f"Your site's own values: {site} ({state}). It is a text file of the same form as the "
        "program's reference_values.toml and holds only the entries that differ, each with its "
        "source; it is read again when it changes."
    )
    return "\n".join(lines)
