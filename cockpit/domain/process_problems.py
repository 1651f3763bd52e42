"""What is wrong with an engine's process itself, in sentences: the same for whoever asks."""

from cockpit.domain.stream import ProcessView


def process_problems(process: ProcessView) -> list[str]:
    """A sentence each for fallen workers, engine faults, journal, recording, alerts and clocks; none when well."""
    found = [
        f"task {task.name} is {task.state}: {task.detail}" for task in process.tasks if task.state == "backing_off"
    ]
    if process.faults:
        found.append(f"{process.faults} engine faults, the last: {process.last_fault}")
    if not process.journal_ok:
        found.append(f"journal: {process.journal_error or 'not ok'}, {process.journal_pending} records wait")
    if process.recording_error:
        found.append(f"recording: {process.recording_error}")
    if not process.alerts.ok:
        found.append(f"alerts: {process.alerts.last_error} ({process.alerts.failed} failed)")
    found += process.clocks
    return found
