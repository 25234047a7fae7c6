"""A picture at twice the size: Shi et al. 2016 (ESPCN), Du et al. 2021 (anchor-based plain net)."""
