"""The model's files: blocks.npz, its parameters as plain arrays, and blocks.json, the card that describes it."""
