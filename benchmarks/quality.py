"""How good the learned distance is, on any database.

    DB_PATH=bar.db python -m benchmarks.quality
    DB_PATH=bar.db python -m benchmarks.quality --json

The same as ``cocktaildb quality``. Families are recipes whose names share a word
(families.csv); known exchanges are those of bartending literature (known_exchanges.csv).
"""

import sys

from api.cli.main import main

if __name__ == "__main__":
    main(["quality", *sys.argv[1:]])
