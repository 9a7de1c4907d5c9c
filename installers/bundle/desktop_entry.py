"""Where the workstation's bundle begins."""

import sys

from hms_desktop.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
