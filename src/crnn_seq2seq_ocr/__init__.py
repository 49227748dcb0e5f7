"""Train, evaluate, run and deploy CRNN + sequence-to-sequence attention text recognisers."""

__version__ = "0.1.0"
