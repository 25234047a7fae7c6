"""Films: read, painted steadily, written. Needs PyAV, the extra `[video]`, except for `stylizer` and what it uses."""
