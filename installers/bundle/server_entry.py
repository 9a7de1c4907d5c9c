"""Where the server's bundle begins."""

import multiprocessing
import sys

from hms_server.__main__ import main

if __name__ == "__main__":
    # The helper that hashes passwords is this same program, started once more.
    multiprocessing.freeze_support()
    sys.exit(main())
