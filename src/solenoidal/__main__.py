"""``python -m solenoidal`` is ``solenoidal``."""

import sys

from solenoidal.cli import main

if __name__ == "__main__":
    sys.exit(main())
