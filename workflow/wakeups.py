"""Limit the number of pending wake-ups of Snakemake's scheduler.

Each pass of the scheduler (observed in 9.27) schedules a wake-up after the period of the job rate limit, and each wake-up is
such a pass: every finished job adds one more wake-up per second, for the remainder of the run. On the graph of a cohort this
takes a full core. One pending wake-up is sufficient.
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler

# spelled as in Snakemake
REEVALUATE = "_schedule_reevalutation"


def wake_once(scheduler: JobScheduler, delay: float) -> None:
    """Release the scheduler after `delay` seconds, unless a release is pending."""
    if getattr(scheduler, "due", None):
        return

    def wake() -> None:
        scheduler.due = None
        scheduler._open_jobs.release()

    scheduler.due = threading.Timer(delay, wake)
    scheduler.due.daemon = True
    scheduler.due.start()


if hasattr(JobScheduler, REEVALUATE):
    setattr(JobScheduler, REEVALUATE, wake_once)
