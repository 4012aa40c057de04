"""Writes special_values.def: what scipy and numpy answer for the functions of src/kernel/special.h.

    python tests/unit/make_special_values.py > tests/unit/special_values.def

VALUE(function, x, answer) and SUM(function, n, answer), where the terms are those of term().
"""
import numpy as np
from scipy import special

INF, NAN = float("inf"), float("nan")
NORMAL = [0.0, -0.0, 5e-324, 0.3, -0.3, 0.9999, 1.0, -1.0, 1.0001, 1.5, -2.5, 5.9, 7.99, 8.01, -9.0,
          26.0, -40.0, INF, -INF, NAN]
POSITIVE = [0.0, 1e-300, 0.001, 0.5, 1.0, 1.25, 1.4616321449683623, 1.5, 2.0, 2.5, 7.0, 9.75, 10.0,
            10.5, 33.3, 1e6, 1e17, 1e300, INF, NAN]
SHARES = [0.0, 5e-324, 1e-200, 1e-14, 1.3e-14, 0.01, 0.1353, 0.1354, 0.3, 0.5, 0.7, 0.8646, 0.8647,
          0.999, 1.0 - 1e-12, 1.0, -0.1, 1.1, NAN]
COUNTS = [1, 2, 7, 8, 9, 127, 128, 129, 300, 1000, 4099]


def term(i):
    """Spread over 4 decades, both signs, exact in any language."""
    return (i * 7919 % 1000 - 500) / 64.0


def show(value):
    if np.isnan(value):
        return "NOT"
    if np.isinf(value):
        return "INF" if value > 0 else "-INF"
    return float(value).hex()


def main():
    print("/* special_values.def: written by make_special_values.py from scipy's answers. */")
    for name, values in (("digamma", POSITIVE), ("erf", NORMAL), ("erfc", NORMAL),
                         ("ndtr", NORMAL), ("ndtri", SHARES)):
        for x in values:
            print(f"VALUE({name}, {show(x)}, {show(getattr(special, name)(x))})")
    for n in COUNTS:
        terms = np.array([term(i) / 3.0 for i in range(n)])
        print(f"SUM(pairwise_sum, {n}, {show(np.add.reduce(terms))})")
        print(f"SUM(log_sum_exp, {n}, {show(special.logsumexp(terms))})")


if __name__ == "__main__":
    main()
