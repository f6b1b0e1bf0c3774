"""What the projector asks for: what is dirty, in which order, and that only newer pictures are drawn."""

from __future__ import annotations

from engine.core.events import CancelRequested
from engine.core.state import RunStatus
from store.database import Database, now_ms
from store.projecting import (
    REPOST_AFTER_MS,
    SLEEPS_AFTER_MS,
    DueSurface,
    doubt,
    doubtful_surfaces,
    due_surfaces,
    fall_asleep,
    mark_gone,
    open_view_count,
    postpone,
    record_drawn,
    record_posted,
    repost,
)
from store.senders import acquire_sender, release_sender
from store.surfaces import (
    ASLEEP,
    NewSurface,
    Surface,
    SurfaceKind,
    SurfaceState,
    Way,
    attend_views,
    close_stack,
    find_surface,
    find_view,
    insert_surface,
    redraw_details,
    replace_view,
    run_surfaces,
    turn_view,
)
from tests.store.builders import ADA, TEAM, Store, approval_step, at_once, run_step, until, workflow

FAR = 10**15
"""A time when everything is due."""


def add(
    database: Database,
    run_id: str,
    kind: SurfaceKind,
    *,
    due_at: int = 1,
    view_id: str | None = None,
    approval_id: str | None = None,
) -> str:
    channel = None if view_id else "C0GENERAL"
    user_id = ADA if view_id else None
    new = NewSurface(TEAM, run_id, kind, channel, view_id, user_id, approval_id=approval_id)
    with database.write() as c:
        surface_id = insert_surface(c, new, due_at)
    assert surface_id is not None
    return surface_id


def due(database: Database, now: int = FAR, team: str = TEAM, limit: int = 50) -> list[DueSurface]:
    with database.read() as c:
        return due_surfaces(c, team, now, limit)


def due_ids(database: Database, now: int = FAR) -> list[str]:
    return [found.surface.id for found in due(database, now)]


def draw(database: Database, surface_id: str, version: int, *, final: bool = False) -> bool:
    with database.write() as c:
        return record_drawn(c, surface_id, version, f"hash-{version}", due_at=2, final=final)


def get(database: Database, surface_id: str) -> Surface:
    with database.read() as c:
        surface = find_surface(c, surface_id)
    assert surface is not None
    return surface


def post(database: Database, surface_id: str, ts: str = "1.1") -> bool:
    with database.write() as c:
        return record_posted(c, surface_id, ts, now_ms(c))


def test_a_new_surface_is_dirty_until_its_runs_version_is_drawn(database: Database, store: Store) -> None:
    run = store.start()
    surface_id = add(database, run.id, SurfaceKind.ROOT)
    (found,) = due(database)
    assert found.surface == get(database, surface_id)
    assert (found.run_version, found.run_status) == (store.picture(run.id).version, RunStatus.PENDING)
    assert found.surface.state is SurfaceState.NEW
    assert draw(database, surface_id, found.run_version)
    assert due(database) == []
    store.claim()
    assert due_ids(database) == [surface_id]


def test_an_older_picture_is_never_drawn_over_a_newer_one(database: Database, store: Store) -> None:
    surface_id = add(database, store.start().id, SurfaceKind.ROOT)
    assert draw(database, surface_id, 5)
    assert not draw(database, surface_id, 5)
    assert not draw(database, surface_id, 4)
    assert get(database, surface_id).drawn_hash == "hash-5"


def test_of_many_who_draw_the_same_version_at_once_one_is_told_so(database: Database, store: Store) -> None:
    surface_id = add(database, store.start().id, SurfaceKind.ROOT)
    assert sorted(at_once(6, lambda _: draw(database, surface_id, 3))) == [False] * 5 + [True]


def test_surfaces_are_not_due_before_their_time_nor_for_another_workspace(
    database: Database, store: Store
) -> None:
    surface_id = add(database, store.start().id, SurfaceKind.ROOT, due_at=1_000)
    assert due(database, now=999) == []
    assert due_ids(database, now=1_000) == [surface_id]
    assert due(database, team="T0002") == []


def test_approvals_come_first_then_ended_runs_then_messages_then_modals(
    database: Database, store: Store
) -> None:
    asking = store.start(workflow(approval_step("ask"), run_step("a")))
    (approval,) = store.picture(asking.id).approvals
    ended = store.start()
    store.happen(ended.id, CancelRequested(ADA))
    dialog = add(database, asking.id, SurfaceKind.DIALOG, view_id="V1", due_at=1)
    root = add(database, asking.id, SurfaceKind.ROOT, due_at=3)
    thread = add(database, asking.id, SurfaceKind.THREAD, due_at=2)
    last = add(database, ended.id, SurfaceKind.ROOT, due_at=4)
    question = add(database, asking.id, SurfaceKind.APPROVAL, due_at=5, approval_id=approval.id)
    post(database, root)
    assert due_ids(database) == [question, last, thread, root, dialog]
    assert [found.surface.id for found in due(database, limit=2)] == [question, last]


def test_a_message_in_a_thread_waits_for_its_root_and_then_knows_it(database: Database, store: Store) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    thread = add(database, run.id, SurfaceKind.THREAD)
    assert due_ids(database) == [root]
    assert post(database, root, "1700000000.000100")
    found = {entry.surface.id: entry.surface for entry in due(database)}
    assert set(found) == {root, thread}
    assert (found[thread].thread_ts, found[root].thread_ts) == ("1700000000.000100", None)


def test_a_message_in_a_thread_is_not_stuck_when_its_root_will_never_come(
    database: Database, store: Store
) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    thread = add(database, run.id, SurfaceKind.THREAD)
    with database.write() as c:
        assert mark_gone(c, root, "channel_not_found", now_ms(c))
    assert due_ids(database) == [thread]


def test_a_message_is_posted_once(database: Database, store: Store) -> None:
    root = add(database, store.start().id, SurfaceKind.ROOT)
    assert post(database, root, "1.1")
    assert not post(database, root, "2.2")
    surface = get(database, root)
    assert (surface.ts, surface.state, surface.channel_id) == ("1.1", SurfaceState.LIVE, "C0GENERAL")
    assert surface.posted_at is not None


def test_slack_may_name_another_channel_than_was_asked_for(database: Database, store: Store) -> None:
    root = add(database, store.start().id, SurfaceKind.ROOT)
    with database.write() as c:
        record_posted(c, root, "1.1", now_ms(c), channel_id="D1")
    assert get(database, root).channel_id == "D1"


def test_a_run_has_one_root_an_approval_one_message_and_a_modal_one_surface(
    database: Database, store: Store
) -> None:
    run = store.start(workflow(approval_step("ask"), approval_step("ask2")))
    first, second = store.picture(run.id).approvals
    add(database, run.id, SurfaceKind.ROOT)
    add(database, run.id, SurfaceKind.APPROVAL, approval_id=first.id)
    add(database, run.id, SurfaceKind.APPROVAL, approval_id=second.id)
    add(database, run.id, SurfaceKind.DIALOG, view_id="V1")
    add(database, run.id, SurfaceKind.DETAILS, view_id="V2")
    repeats = [
        NewSurface(TEAM, run.id, SurfaceKind.ROOT, "C0OPS"),
        NewSurface(TEAM, run.id, SurfaceKind.APPROVAL, "C0OPS", approval_id=first.id),
        NewSurface(TEAM, run.id, SurfaceKind.DETAILS, view_id="V1", user_id=ADA),
    ]
    with database.write() as c:
        assert [insert_surface(c, repeat, 1) for repeat in repeats] == [None, None, None]
        assert len(run_surfaces(c, run.id)) == 5


def test_the_final_state_ends_a_surface(database: Database, store: Store) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    store.happen(run.id, CancelRequested(ADA))
    assert draw(database, root, store.picture(run.id).version, final=True)
    surface = get(database, root)
    assert (surface.state, surface.closed_at) == (SurfaceState.DONE, 2)
    with database.write() as c:
        lock_again = store.advance(c, run.id, CancelRequested(ADA))
        assert not postpone(c, root, 1)
        assert not mark_gone(c, root, "too late", 3)
    assert lock_again.status is RunStatus.CANCELLED
    assert due(database) == []


def test_what_failed_is_tried_later_and_counted(database: Database, store: Store) -> None:
    root = add(database, store.start().id, SurfaceKind.ROOT)
    with database.write() as c:
        assert postpone(c, root, 5_000, error="ratelimited")
        assert postpone(c, root, 9_000, error="timeout \0")
        assert postpone(c, root, 9_500)
    surface = get(database, root)
    assert (surface.due_at, surface.tries, surface.last_error) == (9_500, 2, "timeout \ufffd")
    assert due(database, now=9_000) == []
    draw(database, root, 2)
    surface = get(database, root)
    assert (surface.tries, surface.last_error, surface.due_at) == (0, None, 2)


def test_a_modal_that_sleeps_is_woken_by_the_end_of_its_run(database: Database, store: Store) -> None:
    run = store.start()
    dialog = add(database, run.id, SurfaceKind.DIALOG, view_id="V1")
    with database.write() as c:
        postpone(c, dialog, ASLEEP)
        assert open_view_count(c, TEAM, now_ms(c)) == 0
    assert due(database) == []
    store.happen(run.id, CancelRequested(ADA))
    assert due_ids(database) == [dialog]


def test_a_modal_that_shows_something_else_frees_its_view(database: Database, store: Store) -> None:
    first, second = store.start(), store.start()
    old = add(database, first.id, SurfaceKind.DIALOG, view_id="V1")
    with database.write() as c:
        found = find_view(c, "V1")
        assert found is not None
        assert (found.id, found.user_id) == (old, ADA)
        assert open_view_count(c, TEAM, 1) == 1
        assert open_view_count(c, TEAM, SLEEPS_AFTER_MS + 1) == 0
        assert replace_view(c, "V1", now_ms(c))
        assert not replace_view(c, "V1", now_ms(c))
        assert find_view(c, "V1") is None
    new = add(database, second.id, SurfaceKind.DIALOG, view_id="V1")
    assert due_ids(database) == [new]
    assert (get(database, old).state, get(database, old).last_error) == (SurfaceState.GONE, "replaced")


def test_a_duty_has_one_holder_at_a_time(database: Database) -> None:
    def acquire(number: int) -> bool:
        with database.write() as c:
            return acquire_sender(c, "sender T0001", f"web-{number}", 60_000)

    answers = at_once(6, acquire)
    assert sorted(answers) == [False] * 5 + [True]
    holder = answers.index(True)
    assert acquire(holder)
    assert not acquire(holder + 1)
    with database.write() as c:
        assert acquire_sender(c, "sender T0002", "web-9", 60_000)


def test_a_duty_is_free_again_when_its_holder_says_nothing(database: Database) -> None:
    with database.write() as c:
        assert acquire_sender(c, "sender", "web-1", 50)

    def take_over() -> bool:
        with database.write() as c:
            return acquire_sender(c, "sender", "web-2", 60_000)

    until(take_over)
    with database.write() as c:
        assert not acquire_sender(c, "sender", "web-1", 60_000)


def test_a_deleted_message_is_replaced_at_once_and_then_not_for_a_while(
    database: Database, store: Store
) -> None:
    root = add(database, store.start().id, SurfaceKind.ROOT)
    with database.write() as c:
        assert not repost(c, root, "message_not_found", now_ms(c))
    post(database, root, "1.1")
    draw(database, root, 9)
    before = get(database, root)
    with database.write() as c:
        assert repost(c, root, "message_not_found", 7_000)
    surface = get(database, root)
    assert (surface.state, surface.ts, surface.drawn_version) == (SurfaceState.NEW, None, 0)
    assert surface.due_at == 7_000
    assert surface.nonce != before.nonce
    assert post(database, root, "2.2")
    with database.write() as c:
        assert repost(c, root, "message_not_found", 8_000)
    assert get(database, root).due_at == 7_000 + REPOST_AFTER_MS
    assert post(database, root, "3.3")
    late = 7_000 + 10 * REPOST_AFTER_MS
    with database.write() as c:
        assert repost(c, root, "message_not_found", late)
    assert get(database, root).due_at == late


def test_new_messages_go_to_the_channel_while_a_deleted_root_may_not_come_back(
    database: Database, store: Store
) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    thread = add(database, run.id, SurfaceKind.THREAD)
    post(database, root, "1.1")
    with database.write() as c:
        now = now_ms(c)
        repost(c, root, "message_not_found", now)
    assert due_ids(database, now) == [root]
    post(database, root, "2.2")
    with database.write() as c:
        repost(c, root, "message_not_found", now + 1)
    (found,) = due(database, now + 2)
    assert (found.surface.id, found.surface.thread_ts) == (thread, None)


def test_a_posted_message_does_not_wait_for_its_root(database: Database, store: Store) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    thread = add(database, run.id, SurfaceKind.THREAD)
    for surface_id in (root, thread):
        post(database, surface_id, f"1.{surface_id}")
    with database.write() as c:
        repost(c, root, "message_not_found", now_ms(c))
    assert set(due_ids(database)) == {root, thread}


def test_surfaces_are_due_by_the_way_they_are_drawn(database: Database, store: Store) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    thread = add(database, run.id, SurfaceKind.THREAD)
    dialog = add(database, run.id, SurfaceKind.DIALOG, view_id="V1")
    post(database, root)
    with database.read() as c:
        found = {way: [entry.surface.id for entry in due_surfaces(c, TEAM, FAR, 50, way)] for way in Way}
    assert found == {Way.POST: [thread], Way.UPDATE: [root], Way.VIEW: [dialog]}


def test_what_is_asked_for_while_a_surface_is_drawn_is_still_to_come(
    database: Database, store: Store
) -> None:
    run = store.start()
    details = add(database, run.id, SurfaceKind.DETAILS, view_id="V1")
    version = store.picture(run.id).version
    seen = get(database, details)
    later = seen.created_at + 1_000
    with database.write() as c:
        redraw_details(c, run.id)
        assert turn_view(c, "V1", run.id, SurfaceKind.DETAILS, "page 2", later)
        assert not turn_view(c, "V1", run.id, SurfaceKind.DIALOG, "page 2", later)
        assert record_drawn(c, details, version, "hash", due_at=FAR, final=True, now=5, seen=seen)
    surface = get(database, details)
    assert (surface.state, surface.redraws, surface.place) == (SurfaceState.LIVE, 2, "page 2")
    assert surface.is_attended
    assert due_ids(database, later) == [details]
    with database.write() as c:
        assert record_drawn(c, details, version, "hash", due_at=2_000, final=True, now=5, seen=surface)
        assert not turn_view(c, "V1", run.id, SurfaceKind.DETAILS, "page 3", later)
    assert get(database, details).state is SurfaceState.DONE


def test_a_dialog_that_nobody_touches_gets_tired_and_a_click_wakes_it(
    database: Database, store: Store
) -> None:
    run = store.start()
    dialog = add(database, run.id, SurfaceKind.DIALOG, view_id="V1")
    version = store.picture(run.id).version
    draw(database, dialog, version)
    created_at = get(database, dialog).created_at
    assert due(database, created_at + SLEEPS_AFTER_MS - 1) == []
    (found,) = due(database, created_at + SLEEPS_AFTER_MS)
    assert (found.surface.id, found.is_tired) == (dialog, True)
    with database.write() as c:
        assert fall_asleep(c, found.surface, version, "asleep")
        assert open_view_count(c, TEAM, now_ms(c)) == 0
    assert due(database) == []
    with database.write() as c:
        attend_views(c, ["V1", "V2"], created_at + SLEEPS_AFTER_MS)
        assert not fall_asleep(c, found.surface, version, "asleep")
    (found,) = due(database, created_at + SLEEPS_AFTER_MS)
    assert (found.surface.id, found.is_tired, found.surface.is_attended) == (dialog, False, True)


def test_a_stack_of_modals_is_closed_with_its_root(database: Database, store: Store) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.DIALOG, view_id="V1")
    pushed = NewSurface(
        TEAM, run.id, SurfaceKind.DETAILS, view_id="V2", user_id=ADA, place="all", root_view_id="V1"
    )
    other = add(database, run.id, SurfaceKind.DETAILS, view_id="V3")
    with database.write() as c:
        assert insert_surface(c, pushed, 1)
        close_stack(c, "V1", now_ms(c))
        assert find_view(c, "V2") is None
    assert due_ids(database) == [other]
    assert get(database, root).state is SurfaceState.GONE


def test_a_surface_may_be_remembered_with_the_picture_that_stands_there(
    database: Database, store: Store
) -> None:
    run = store.start()
    version = store.picture(run.id).version
    new = NewSurface(
        TEAM,
        run.id,
        SurfaceKind.DIALOG,
        view_id="V1",
        user_id=ADA,
        drawn_version=version,
        drawn_hash="hash",
    )
    with database.write() as c:
        assert insert_surface(c, new, 1)
        now = now_ms(c)
    assert due(database, now) == []


def test_a_doubt_is_looked_into_once_the_message_stands(database: Database, store: Store) -> None:
    root = add(database, store.start().id, SurfaceKind.ROOT)

    def doubtful(now: int) -> list[str]:
        with database.read() as c:
            return [surface.id for surface in doubtful_surfaces(c, TEAM, now, 10)]

    with database.write() as c:
        doubt(c, root, 5)
    assert doubtful(FAR) == []
    with database.write() as c:
        record_posted(c, root, "1.1", 10, doubt_at=70)
    assert doubtful(69) == []
    assert doubtful(70) == [root]
    with database.write() as c:
        doubt(c, root, None)
    assert doubtful(FAR) == []


def test_a_call_that_went_wrong_leaves_nothing_out_as_unchanged(database: Database, store: Store) -> None:
    root = add(database, store.start().id, SurfaceKind.ROOT)
    draw(database, root, 1)
    with database.write() as c:
        postpone(c, root, 5)
    assert get_hash(database, root) == "hash-1"
    with database.write() as c:
        postpone(c, root, 5, error="no answer")
    assert get_hash(database, root) is None


def get_hash(database: Database, surface_id: str) -> str | None:
    return get(database, surface_id).drawn_hash


def test_a_duty_that_is_let_go_is_free_at_once(database: Database) -> None:
    with database.write() as c:
        assert acquire_sender(c, "sender", "web-1", 60_000)
        release_sender(c, "sender", "web-2")
        assert not acquire_sender(c, "sender", "web-2", 60_000)
        release_sender(c, "sender", "web-1")
        assert acquire_sender(c, "sender", "web-2", 60_000)


def test_output_makes_open_details_dirty_and_nothing_else(database: Database, store: Store) -> None:
    run = store.start()
    root = add(database, run.id, SurfaceKind.ROOT)
    details = add(database, run.id, SurfaceKind.DETAILS, view_id="V1")
    for surface_id in (root, details):
        draw(database, surface_id, store.picture(run.id).version)
    assert due(database) == []
    with database.write() as c:
        redraw_details(c, run.id)
    assert due_ids(database) == [details]
