"""Splits of ratings into what is trained on and what is tested: the public face is `palate.splits`."""
