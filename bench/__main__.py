"""`make bench`: every table, one after another, each in a process of its own.

python -m bench [seconds]
"""

import subprocess
import sys

PARTS = ("bench.house", "bench.door", "bench.coin_payments", "bench.broker")


def main() -> int:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "5"
    failed = 0
    for part in PARTS:
        print(f"## {part}\n", flush=True)
        failed += subprocess.run([sys.executable, "-m", part, seconds], check=False).returncode != 0
        print(flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
