"""What people look at: tables for the terminal, pictures of attention, one self-contained HTML page."""
