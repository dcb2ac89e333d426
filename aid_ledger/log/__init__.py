"""The log room: entries as written, their positions, tiles, checkpoints; the sequencer, export and `audit diff`."""
