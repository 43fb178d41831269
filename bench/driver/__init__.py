"""What runs, watches and reports the benchmark's programs; run.py is the way in."""
