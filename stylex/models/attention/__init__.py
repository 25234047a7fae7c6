"""Attention between photo and style positions."""
