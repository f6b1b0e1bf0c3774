"""Slack's Web API as the app sees it, one module per family of methods."""
