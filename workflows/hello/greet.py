"""Prints greetings, slowly enough to watch, and leaves them as the step's result in $HANDRAIL_OUTPUT."""

import datetime
import json
import os
import sys
import time

GREETINGS = {
    "English": "Hello, {name}!",
    "Deutsch": "Hallo, {name}!",
    "Français": "Bonjour, {name} !",
    "Español": "¡Hola, {name}!",
}


def greeting(name: str, language: str, shout: bool) -> str:
    text = GREETINGS[language].format(name=name)
    return text.upper() if shout else text


def closing_lines(extras: list[str], day: datetime.date) -> list[str]:
    lines = {
        "the weekday": f"{day:%Y-%m-%d} is a {day:%A}.",
        "a compliment": "You read a log like nobody else.",
        "a line below": "-" * 40,
    }
    return [lines[extra] for extra in extras]


def invitation(value: dict[str, str]) -> list[str]:
    """The lines about guests: lists, JSON and files come as JSON, everything else as its text."""
    guests = [*json.loads(value["GUESTS"] or "[]"), *filter(None, [value["TEAM"]])]
    picture = json.loads(value["PICTURE"] or "null")
    lines = [
        f"Invited: {', '.join(guests) or 'everybody'}, in {', '.join(json.loads(value['ROOMS'] or '[]'))}.",
        f"Doors open at {value['BEGINS']}, we meet at {value['PARTY']} for {value['LASTS']}.",
        f"There is: {', '.join(json.loads(value['MENU'] or '{}'))}.",
        f"More at {value['PAGE']}. Answers go to {value['REPLY_TO'] or 'nobody'}.",
    ]
    return [*lines, f"A picture: {picture['name']}, {picture['size']} bytes."] if picture else lines


def main() -> None:
    # Every parameter is a text here: true and false for a boolean, JSON for a list, empty when there is no value.
    value = {
        name.removeprefix("PARAM_"): text for name, text in os.environ.items() if name.startswith("PARAM_")
    }
    day = datetime.date.fromisoformat(value["DAY"]) if value["DAY"] else datetime.date.today()  # noqa: DTZ011
    times, pause = int(value["TIMES"] or 5), float(value["PAUSE"] or 1)

    said = []
    for number in range(1, times + 1):
        said.append(greeting(value["NAME"], value["LANGUAGE"], value["SHOUT"] == "true"))
        print(f"{number}/{times}  {said[-1]}", flush=True)  # flushed, to be seen at once
        time.sleep(pause)

    print(value["MESSAGE"])
    for line in closing_lines(json.loads(value["EXTRAS"] or "[]"), day):
        print(line)
    print(f"In the name of {value['HOST'] or os.environ['REQUESTER']}, in {value['ROOM'] or 'any room'}.")
    if value["INVITE"] == "true":
        for line in invitation(value):
            print(line)
    print("Standard error is kept too.", file=sys.stderr)

    with open(os.environ["HANDRAIL_OUTPUT"], "w", encoding="utf-8") as file:
        json.dump({"greetings": said, "day": day.isoformat()}, file)


if __name__ == "__main__":
    main()
