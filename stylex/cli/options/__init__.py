"""Options that several commands share, and the techniques' own."""
