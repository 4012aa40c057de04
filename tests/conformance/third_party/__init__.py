"""Estimators of other packages, alone and in pipelines: models, and what they answer."""
