"""The shipped model, blocks.joblib, and its card, blocks.json; a package, so that installs carry them."""
