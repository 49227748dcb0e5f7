"""Run a trained model: readers, their results, and the backends that run the network."""
