"""Checks raw JSON of messages and views as Slack does, with Slack's wording and JSON pointers."""
