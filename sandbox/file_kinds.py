"""What Slack calls a file of this name: its `filetype`, the words people read for it, and its media type."""

import mimetypes
from pathlib import PurePath

# Names that are not simply the end of the file's name; from Slack's list of file types.
_FILETYPES = {
    "bash": "shell",
    "htm": "html",
    "jpeg": "jpg",
    "js": "javascript",
    "json": "json",
    "log": "text",
    "markdown": "markdown",
    "md": "markdown",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "shell",
    "ts": "typescript",
    "txt": "text",
    "yml": "yaml",
}
_PRETTY = {
    "binary": "Binary",
    "javascript": "JavaScript/JSON",
    "markdown": "Markdown (raw)",
    "python": "Python",
    "ruby": "Ruby",
    "rust": "Rust",
    "shell": "Shell",
    "text": "Plain Text",
    "typescript": "TypeScript",
    "zip": "Zip",
}
_TEXT_TYPES = frozenset({"css", "csv", "diff", "go", "html", "java", "sql", "toml", "xml", "yaml"}) | {
    *_FILETYPES.values()
} - {"jpg"}
SNIPPET_TYPES = _TEXT_TYPES | {
    "c",
    "cpp",
    "csharp",
    "kotlin",
    "lua",
    "perl",
    "php",
    "r",
    "scala",
    "swift",
    "vb",
}


def file_type(name: str) -> str:
    """The end of a file's name, such as "pdf"."""
    return PurePath(name).suffix.removeprefix(".").lower()


def slack_type(name: str) -> str:
    """Slack's `filetype`, such as "text" for notes.txt."""
    suffix = file_type(name)
    return _FILETYPES.get(suffix, suffix) or "binary"


def pretty_type(kind: str) -> str:
    return _PRETTY.get(kind, kind.upper())


def is_text(kind: str) -> bool:
    return kind in _TEXT_TYPES


def media_type(name: str, kind: str) -> str:
    """Decided by the name alone, as nothing an uploader says of it can be trusted."""
    guessed = mimetypes.guess_type(name)[0]
    return guessed or ("text/plain" if is_text(kind) else "application/octet-stream")


def media_group(mimetype: str, mode: str) -> str:
    """The group that `types` of files.list names."""
    if mode == "snippet":
        return "snippets"
    groups = {"application/pdf": "pdfs", "application/zip": "zips"}
    return "images" if mimetype.startswith("image/") else groups.get(mimetype, "")
