"""Workflow files: text in, a checked definition out, or all mistakes at once with line and column."""
