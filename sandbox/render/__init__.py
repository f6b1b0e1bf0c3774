"""Slack JSON drawn as HTML: pure functions that return `markupsafe.Markup`."""
