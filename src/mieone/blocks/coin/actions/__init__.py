"""What the block can do; each action is one sentence and one transaction."""
