"""One small network a style: Johnson et al. 2016, Ulyanov et al. 2016."""
