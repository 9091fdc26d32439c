"""Long runs, each writing a dated table of what it found into `results/`."""
