"""What the operating system gives: files, processes, signals, memory, installed packages."""
