"""The faults of a round by name: each acts on the scene, and leaves with it how it is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from tests.chaos.chaos_plan import Step, draw_platform_fault
from tests.chaos.receivers import odd_answer
from tests.chaos.scene import Scene

Act = Callable[[Scene, Step], None]
QUOTA_ZONE = ZoneInfo("Asia/Shanghai")
SHORT_SHIFT_SECS, LONG_SHIFT_SECS = 20.0, 1500.0


# Processes.


def kill(scene: Scene, step: Step) -> None:
    """kill -9."""
    scene.crew.kill(step.pick, any_age=step.size < 0.15)


def freeze(scene: Scene, step: Step) -> None:
    """SIGSTOP for longer than a lease."""
    scene.crew.freeze(step.pick, step.size)


def suspend(scene: Scene, step: Step) -> None:
    """SIGSTOP for longer than a lease, after which the process's clocks have stood."""
    scene.crew.freeze(step.pick, step.size, clock_stands=True)


def hang_up(scene: Scene, step: Step) -> None:
    """SIGHUP, as when the terminal is closed."""
    scene.crew.hang_up(step.pick)


def use_up_descriptors(scene: Scene, step: Step) -> None:
    """No new file and no new connection for a process."""
    allow_again = scene.crew.use_up_descriptors(step.pick)
    if allow_again is not None:
        scene.counts.note("descriptors")
        scene.undo_after(_short(step), allow_again)


# Hosts.


def fill_disk(scene: Scene, step: Step) -> None:
    host = scene.host(step)
    if not host.has_good_disk:
        return
    host.fill_disk()
    scene.counts.note("disk_full")
    scene.undo_after(_short(step), host.make_room)


def make_read_only(scene: Scene, step: Step) -> None:
    host = scene.host(step)
    if not host.has_good_disk:
        return
    if not host.make_read_only(tries=30):
        # As after a crash of the machine: it comes back with a disk that cannot be written.
        scene.crew.kill_writers(host)
        if not host.make_read_only():
            return
    scene.counts.note("read_only")
    scene.undo_after(_short(step), host.make_writable)


def vanish_folder(scene: Scene, step: Step) -> None:
    """The folder of the domain is gone for a while, with all files that are being written."""
    host = scene.host(step)
    if not host.has_good_disk or not host.vanish_folder():
        return
    scene.counts.note("vanished_folders")
    scene.undo_after(_short(step), lambda: scene.problems.extend(host.bring_folder_back()))


def take_key_away(scene: Scene, step: Step) -> None:
    """The key file is missing, as while a backup swaps files."""
    host = scene.host(step)
    if host.take_key_away(another=step.size > 0.5):
        scene.counts.note("keys_away")
        scene.undo_after(_short(step), host.put_key_back)


def set_clock(scene: Scene, step: Step) -> None:
    """The database's clock goes ahead and comes back; on a server, or a host's in turn."""
    shift_secs = SHORT_SHIFT_SECS if step.size < 0.5 else LONG_SHIFT_SECS * step.size
    if scene.plan.day_turns_after_secs is not None or _turns_day_within(shift_secs):
        return  # quota that is used up tomorrow cannot be told from today's afterwards
    host = scene.host(step)
    set_ahead = scene.stage.set_clock_ahead
    if step.pick < 0.3 or not scene.stage.set_clock_ahead(shift_secs):
        host.clocks.set_ahead(shift_secs)
        set_ahead = host.clocks.set_ahead

    def back() -> None:
        set_ahead(0.0)
        # What an operator does after a clock was ahead, by docs/operations.md.
        scene.errands.append(host.start("doctor", "--fix"))

    scene.counts.note("clocks_set")
    scene.undo_after(_short(step), back)


def rebuild_twice(scene: Scene, step: Step) -> None:
    """Two `exports rebuild` of the same segments at once, one of them killed now and then."""
    host = scene.host(step)
    segments = [
        row["id"]
        for row in scene.outside.rows(
            f"SELECT id FROM export_logs WHERE host='{host.name}' ORDER BY id DESC"
        )
    ]
    if not segments:
        return
    first = int(step.pick * len(segments))
    rebuilds = [host.start("exports", "rebuild", *segments[first : first + 5]) for _ in range(2)]
    scene.counts.note("rebuilds", len(rebuilds))
    if step.size < 0.3:
        scene.undo_after(0.3 + step.size, rebuilds[0].end)
    scene.errands += rebuilds


# Platform and receivers.


def trouble_platform(scene: Scene, step: Step) -> None:
    scene.order_faults(*(draw_platform_fault(scene.chance) for _ in range(3)))


def trickle(scene: Scene, step: Step) -> None:
    """The platform's answers come byte by byte, for longer than anybody waits."""
    times = 1 + int(3 * step.pick)
    scene.order_faults({"kind": "trickle", "times": times, "every_secs": 0.05 + step.size})


def bomb(scene: Scene, step: Step) -> None:
    """The platform's answers are small and become large when they are unpacked, or are large."""
    kind = "bomb" if step.size < 0.7 else "huge"
    scene.order_faults({"kind": kind, "times": 1 + int(2 * step.pick), "size_mib": 64})


def odd_receiver(scene: Scene, step: Step) -> None:
    """Receivers of webhooks answer with headers that nobody expects."""
    scene.receiver.order(*(odd_answer(scene.chance) for _ in range(2 + int(6 * step.size))))


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "kill": kill,
        "freeze": freeze,
        "suspend": suspend,
        "hang_up": hang_up,
        "use_up_descriptors": use_up_descriptors,
        "fill_disk": fill_disk,
        "read_only": make_read_only,
        "vanish_folder": vanish_folder,
        "take_key_away": take_key_away,
        "set_clock": set_clock,
        "rebuild_twice": rebuild_twice,
        "trouble_platform": trouble_platform,
        "trickle": trickle,
        "bomb": bomb,
        "odd_receiver": odd_receiver,
    }
)


def play(scene: Scene, step: Step) -> None:
    """Play the fault of a step: one of these, or else one of the database's own."""
    act = ACTS.get(step.fault)
    if act is not None:
        act(scene, step)
    else:
        scene.stage.do(step.fault, step.pick, step.size, scene.counts)


def _short(step: Step) -> float:
    """How long a fault lasts."""
    return 0.5 + 3 * step.size


def _turns_day_within(secs: float) -> bool:
    now = datetime.now(UTC).astimezone(QUOTA_ZONE)
    return now.date() != (now + timedelta(seconds=secs + 120)).date()
