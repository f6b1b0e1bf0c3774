"""The row of reactions under a message: one press adds one's own, another takes it away."""

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.emoji import emoji
from sandbox.render.html import EMPTY, tag
from sandbox.types import Json


def reactions(payload: Json, context: Context) -> Markup:
    given = [one for one in payload.get("reactions") or [] if isinstance(one, dict)]
    if not given:
        return EMPTY
    add = tag(
        "button",
        tag("span", class_="icon-react", aria_hidden="true"),
        type="button",
        class_="reaction reaction-add",
        aria_label="Add reaction…",
        aria_haspopup="dialog",
        data_add_reaction=True,
    )
    pills = [tag("li", _pill(one, context), data_key=f"reaction:{one.get('name')}") for one in given]
    return tag("ul", pills, tag("li", add), class_="reactions", role="list", aria_label="Reactions")


def _pill(reaction: Json, context: Context) -> Markup:
    name, users = str(reaction.get("name")), [str(user) for user in reaction.get("users") or []]
    count = int(reaction.get("count") or len(users))
    return tag(
        "button",
        emoji(name),
        " ",
        tag("span", count, class_="reaction-count"),
        type="button",
        class_="reaction",
        aria_pressed="true" if context.viewer in users else "false",
        aria_label=f"{count} {'reaction' if count == 1 else 'reactions'}, {name}",
        title=f"{_names(users, context)} reacted with :{name}:",
        data_react=name,
    )


def _names(users: list[str], context: Context) -> str:
    names = ["You" if user == context.viewer else context.people.get(user, user) for user in users]
    return (
        names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else "Somebody"
    )
