"""Small Slack apps in the four common styles. Each file is a script that knows Slack only: run it with the tokens
and addresses of an app in its environment, beside the manifest of the same name."""
