"""`python -m tinygrad_edu` is `tinygrad-edu`."""

import sys

from .cli import main

sys.exit(main())
