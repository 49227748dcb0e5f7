"""The network, its loss and its search: tensors in, tensors out."""
