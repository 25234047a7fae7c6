"""AdaIN: any style from one network (Huang and Belongie 2017)."""
