"""Measures of painted pictures, and the networks and pictures that they are taken of."""
