"""The shipped model: blocks.npz, the same as pipelines in blocks.joblib, and their card; installs carry them."""
