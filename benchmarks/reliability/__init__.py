"""Campaigns that try to break what stylex guarantees; docs/reliability.md has their figures."""
