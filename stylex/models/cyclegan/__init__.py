"""Unpaired translation between two kinds of pictures: Zhu et al. 2017."""
