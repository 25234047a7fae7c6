"""Pictures before and after any network: files, formats, colours, arrays; no torch."""
