"""Keep Snakemake's scheduler from waking ever more often.

Each pass of the scheduler (measured in 9.27) asks to be woken after the time span of the job rate limit, and each
waking is such a pass: every job that ends adds one more waking a second, for the rest of the run. On a
cohort's graph this costs a core. One waking that is due is enough.
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler

# the name as Snakemake spells it
REEVALUATE = "_schedule_reevalutation"


def wake_once(scheduler: JobScheduler, delay: float) -> None:
    """Release the scheduler after `delay` seconds, unless a release is due already."""
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
