"""The run's page in a real browser: live without disturbing its reader, harmless, legible, usable by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.core.events import Failed, Succeeded
from tests.web.desk import ADA, Desk

HOSTILE = "<script>window.harmed = 1</script></pre><img src=x onerror='window.harmed = 2'>\u202etxt.exe"

# The lowest contrast of any text that can be seen, by the formula of WCAG 2, and where it is.
LEAST_CONTRAST = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = (color) => {
    const [red, green, blue] = color.map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const color = channels(getComputedStyle(element).backgroundColor);
    return color[3] === 0 && element.parentElement ? ground(element.parentElement) : color;
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const contrast = (element) => {
    const colors = [channels(getComputedStyle(element).color), ground(element)];
    const [low, high] = colors.map(luminance).sort((one, other) => one - other);
    return [(high + 0.05) / (low + 0.05), element.outerHTML.slice(0, 80)];
  };
  const seen = [...document.body.querySelectorAll("*")].filter((element) => element.checkVisibility());
  return seen.filter(hasText).map(contrast).sort(([one], [other]) => one - other)[0];
}"""


def sign_in(page: Page, desk: Desk, base_url: str) -> None:
    page.context.add_cookies([{"name": "handrail", "value": desk.session(), "url": base_url}])


def open_live(page: Page, desk: Desk, base_url: str, number: int) -> None:
    """Ada's view of the run, once its stream has begun."""
    sign_in(page, desk, base_url)
    page.goto(f"{base_url}/runs/{number}")
    expect(page.locator("#live")).to_have_text("Live")


def test_a_link_from_slack_leads_to_the_run_by_one_click(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.complete()
    page.goto(desk.link(run, base_url))

    page.get_by_role("button", name="Continue as Ada").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"Deploy a service #{run.number}")
    assert page.url == f"{base_url}/runs/{run.number}"


def test_the_page_follows_its_run_to_the_end(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    open_live(page, desk, base_url, run.number)
    status = page.locator(".status")
    expect(status).to_contain_text("Running")

    desk.finish(build)
    expect(status).to_contain_text("Waiting for Approval")
    expect(page.locator("#aside")).to_contain_text("May decide")
    desk.decide(run.run_id)
    desk.finish(desk.claim(), Succeeded({"url": "https://api.example"}))

    expect(status).to_contain_text("Completed")
    expect(page.locator("#text-results")).to_contain_text("https://api.example")
    expect(page.locator("#live")).to_be_hidden()
    expect(page).to_have_title("✓ #1 Deploy a service: Completed")
    words = page.locator("#tasks > li .name").all_inner_texts()
    assert words == ["Start", "Build the package build", "Ask for approval ask", "Ship it ship"]


def test_news_leave_open_tasks_focus_and_place_alone(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim({"command": "make\n" * 60})
    page.set_viewport_size({"width": 900, "height": 400})
    open_live(page, desk, base_url, run.number)
    page.locator("#line-start").click()
    page.locator("#line-history").click()
    page.evaluate("scrollTo(0, 300)")
    line = page.locator(f"#line-{build.task_id}")
    line.evaluate("line => line.focus({preventScroll: true})")
    place = "line => line.getBoundingClientRect().top"
    before = line.evaluate(place)

    desk.write(build, stdout="a line\n")
    expect(page.locator(f"#text-{build.task_id}-stdout")).to_have_text("a line\n")
    desk.finish(build)
    expect(line).to_contain_text("Completed")

    opened = page.locator("details[open]").evaluate_all("all => all.map(one => one.id)")
    assert opened == ["open-start", f"open-{build.task_id}", "open-history"]
    assert page.evaluate("document.activeElement.id") == f"line-{build.task_id}"
    assert abs(line.evaluate(place) - before) < 2


def test_a_task_that_the_reader_closed_stays_closed(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    open_live(page, desk, base_url, run.number)
    page.locator(f"#line-{build.task_id}").click()

    desk.finish(build, Failed("Exit code 1."))

    expect(page.locator(f"#line-{build.task_id}")).to_contain_text("Failed")
    assert page.locator(f"#open-{build.task_id}").get_attribute("open") is None


def test_what_the_reader_has_selected_stays_selected(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    desk.write(build, stdout="first line\n")
    open_live(page, desk, base_url, run.number)
    log = page.locator(f"#text-{build.task_id}-stdout")
    log.evaluate("log => getSelection().setBaseAndExtent(log.firstChild, 0, log.firstChild, 10)")

    desk.write(build, seq=2, stdout="second line\n")
    expect(log).to_contain_text("second line")

    assert page.evaluate("String(getSelection())") == "first line"


def test_a_log_shows_its_end_until_the_reader_scrolls_away(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    desk.write(build, stdout="line\n" * 200)
    open_live(page, desk, base_url, run.number)
    log = page.locator(f"#text-{build.task_id}-stdout")
    from_end = "log => Math.round(log.scrollHeight - log.clientHeight - log.scrollTop)"

    desk.write(build, seq=2, stdout="more\n" * 50)
    expect(log).to_contain_text("more")
    assert log.evaluate(from_end) == 0

    log.evaluate("log => { log.scrollTop = 40; }")
    desk.write(build, seq=3, stdout="the last\n" * 50)
    expect(log).to_contain_text("the last")
    assert log.evaluate("log => log.scrollTop") == 40


def test_hostile_output_is_only_text(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim({"command": HOSTILE})
    open_live(page, desk, base_url, run.number)

    desk.write(build, stdout=HOSTILE)
    log = page.locator(f"#text-{build.task_id}-stdout")
    expect(log).to_have_text(HOSTILE.replace("\u202e", "[U+202E]"))
    desk.finish(build, Failed(HOSTILE, {HOSTILE: HOSTILE}))
    expect(page.locator(".status")).to_contain_text("Failed")
    page.reload()

    expect(log).to_have_text(HOSTILE.replace("\u202e", "[U+202E]"))
    assert page.evaluate("window.harmed") is None
    assert page.locator("img").count() == 0


def test_a_link_to_the_failing_task_opens_it(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    desk.finish(build, Failed("Exit code 1."))
    sign_in(page, desk, base_url)
    page.goto(f"{base_url}/runs/{run.number}")
    page.locator(f"#line-{build.task_id}").click()

    page.get_by_role("link", name="Show Build the package").click()

    expect(page.locator(f"#open-{build.task_id}")).to_have_attribute("open", "")


def test_tasks_open_by_keyboard(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.complete()
    sign_in(page, desk, base_url)
    page.goto(f"{base_url}/runs/{run.number}")

    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#open-start")).to_have_attribute("open", "")


def test_the_page_comes_back_after_a_restart_of_the_server(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    open_live(page, desk, base_url, run.number)

    desk.is_closing = True
    expect(page.locator("#live")).to_have_text("Reconnecting…")
    desk.finish(build)
    desk.is_closing = False

    expect(page.locator("#live")).to_have_text("Live", timeout=20_000)
    expect(page.locator(".status")).to_contain_text("Waiting for Approval")


def test_who_is_signed_out_elsewhere_is_told(page: Page, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    open_live(page, desk, base_url, run.number)

    desk.folks.closed.add(ADA.user_id)
    desk.finish(build)

    expect(page.locator("#live")).to_contain_text("open the page from Slack again")
    expect(page.locator(".status")).to_contain_text("Running")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_legible_and_never_wider_than_the_screen(
    browser: Browser, desk: Desk, base_url: str, scheme: str, width: int
) -> None:
    desk.complete()
    long = desk.start(service="x" * 300)
    build = desk.claim({"command": "y" * 500})
    desk.write(build, stdout="z" * 900, stderr="oh no\n")
    desk.finish(build, Failed("w" * 300))
    waiting = desk.start()
    desk.finish(desk.claim())
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()

    found = []
    page.goto(desk.link(waiting, base_url))
    found.append((page.evaluate(LEAST_CONTRAST), page.evaluate("document.documentElement.scrollWidth")))
    sign_in(page, desk, base_url)
    for path in ("1", long.number, waiting.number, 999, ""):
        page.goto(f"{base_url}/runs/{path}".rstrip("/"))
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        found.append((page.evaluate(LEAST_CONTRAST), page.evaluate("document.documentElement.scrollWidth")))
    context.close()

    assert [contrast for contrast, _ in found if contrast[0] < 4.5] == []
    assert {wide for _, wide in found} == {width}


def test_the_page_reads_well_without_scripts(browser: Browser, desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    desk.write(build, stdout="a line\n")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, base_url)
    page.goto(f"{base_url}/runs/{run.number}")
    shown = page.locator("main").inner_text()
    context.close()

    for words in ("Deploy a service #1", "Running", "since ", " UTC", "a line", "To come 2"):
        assert words in shown
