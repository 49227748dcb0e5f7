"""Reading many pictures: a list, the part of one process, what is not read yet, and a file that survives a crash."""
