#!/usr/bin/env python3
"""Fits the three small models of this folder, as a team that trains with scikit-learn would.

    make_examples.py [FOLDER]        default: the folder of this file

Needs scikit-learn 1.9.1 and pandas (tools/requirements/sklearn-1.9.1.txt). Seeds are fixed: the
same versions write models that answer alike.

    iris.pkl         a forest of 100 trees with string labels, in a plain pickle
    diabetes.joblib  a boosted regressor, in a compressed joblib dump
    churn.pkl        a pipeline over named columns of mixed types, with missing values
"""

import pathlib
import pickle
import sys

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEED = 7
N_CUSTOMERS = 2000


def iris():
    data = load_iris()
    labels = data.target_names[data.target]
    return RandomForestClassifier(n_estimators=100, random_state=SEED).fit(data.data, labels)


def diabetes():
    data = load_diabetes()
    return GradientBoostingRegressor(n_estimators=100, random_state=SEED).fit(
        data.data, data.target
    )


def customers(rng):
    """A made-up table of customers: numbers, categories, and holes in both."""
    frame = pd.DataFrame(
        {
            "tenure_months": rng.integers(0, 72, N_CUSTOMERS).astype(float),
            "monthly_charge": rng.normal(65.0, 20.0, N_CUSTOMERS).round(2),
            "support_calls": rng.poisson(1.5, N_CUSTOMERS).astype(float),
            "contract": rng.choice(
                ["monthly", "one year", "two years"], N_CUSTOMERS, p=[0.6, 0.25, 0.15]
            ),
            "payment": rng.choice(["card", "invoice", "transfer"], N_CUSTOMERS),
            "paperless": rng.choice([True, False], N_CUSTOMERS),
        }
    )
    frame["contract"] = frame["contract"].astype(object)
    frame["payment"] = frame["payment"].astype(object)
    return frame


def churned(frame, rng):
    """Who leaves: short monthly contracts, high charges, many calls, and chance."""
    score = (
        0.03 * (frame["monthly_charge"] - 65)
        + 0.5 * (frame["support_calls"] - 1.5)
        - 0.05 * (frame["tenure_months"] - 30)
        + 1.2 * (frame["contract"] == "monthly")
        - 0.8
    )
    leaves = rng.random(len(frame)) < 1 / (1 + np.exp(-score))
    return np.where(leaves, "leaves", "stays")


def punch_holes(frame, rng):
    for column in ("monthly_charge", "support_calls", "payment"):
        frame.loc[rng.random(len(frame)) < 0.05, column] = np.nan


def churn():
    rng = np.random.default_rng(SEED)
    frame = customers(rng)
    target = churned(frame, rng)
    punch_holes(frame, rng)
    numbers = ["tenure_months", "monthly_charge", "support_calls"]
    words = ["contract", "payment"]
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "words",
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="unknown"),
                    OneHotEncoder(handle_unknown="ignore"),
                ),
                words,
            ),
            ("flags", "passthrough", ["paperless"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(frame, target)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    (folder / "iris.pkl").write_bytes(pickle.dumps(iris()))
    joblib.dump(diabetes(), folder / "diabetes.joblib", compress=3)
    (folder / "churn.pkl").write_bytes(pickle.dumps(churn()))


if __name__ == "__main__":
    main()
