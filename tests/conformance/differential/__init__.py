"""Random estimators and hostile rows against scikit-learn."""
