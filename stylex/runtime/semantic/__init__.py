"""Which style, how strongly, where: segmenters, masks, regions, faces."""
