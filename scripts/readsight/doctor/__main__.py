"""`python -m readsight.doctor CONFIG`: check a project without starting anything."""

import sys

from readsight.doctor.preflight import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
