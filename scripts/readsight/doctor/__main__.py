"""`python -m readsight.doctor CONFIG`: look at a project, and start nothing."""

import sys

from readsight.doctor.preflight import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
