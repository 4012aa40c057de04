"""Writes unary_values.def: what numpy answers for each function of src/kernel/unary.def.

    python tests/unit/make_unary_values.py > tests/unit/unary_values.def

One line a function: its line of unary.def, its parameters a and b, how many units in the last place
another libm may be away, and the answers to VALUES.
"""
import numpy as np
from scipy import special
from scipy.special import expit

INF, NAN = float("inf"), float("nan")
VALUES = [0.0, -0.0, 5e-324, -1e-310, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 0.125, 0.375, 3.7, -7.25,
          25.0, 35.0, 1234.5678, 2.0**52 + 1.0, -1e300, 1.7976931348623157e308, INF, -INF, NAN]
EXACT = """positive negative absolute fabs sign square sqrt reciprocal floor ceil trunc rint fix spacing
degrees radians rad2deg deg2rad isnan isinf isfinite signbit logical_not""".split()
LIBM = """cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh
arccosh arctanh""".split()


def show(value):
    if np.isnan(value):
        return "NOT"
    if np.isinf(value):
        return "INF" if value > 0 else "-INF"
    return float(value).hex()


def line(name, a, b, ulps, answers):
    values = ", ".join(show(value) for value in np.asarray(answers, dtype=np.float64))
    first = show(a) if np.isinf(a) else repr(a)
    print(f"ANSWERS({name}, {first}, {b!r}, {ulps}, {values})")


def yeo_johnson(x, power):
    """scipy.stats.yeojohnson, which takes no value that is not finite in some versions."""
    forth = np.log1p(x) if power == 0.0 else np.expm1(power * np.log1p(x)) / power
    rest = 2.0 - power
    back = -np.log1p(-x) if rest == 0.0 else -np.expm1(rest * np.log1p(-x)) / rest
    return np.where(np.isnan(x), x, np.where(x >= 0.0, forth, back))


def main():
    x = np.array(VALUES)
    np.seterr(all="ignore")
    print("/* unary_values.def: written by make_unary_values.py from numpy's answers. */")
    values = ", ".join(show(value) for value in VALUES)
    print(f"#ifdef GIVEN\nGIVEN({values})\n#endif")
    for name in EXACT:
        line("IDENTITY" if name == "positive" else name.upper(), 0.0, 0.0, 0, getattr(np, name)(x))
    for name in LIBM:
        line(name.upper(), 0.0, 0.0, 4, getattr(np, name)(x))
    line("OFFSET", 0.1, 0.0, 0, x + 0.1)
    line("SCALE", 0.1, 0.0, 0, x * 0.1)
    line("OVER", 0.1, 0.0, 0, x / 0.1)
    for a in (0.1, -0.3, 2.0, -7.0, 0.0, INF, -INF):
        line("MINUS", a, 0.0, 0, x - a)
        line("FLOOR_OVER", a, 0.0, 0, np.floor_divide(x, a))
        line("FLOOR_DIVIDES", a, 0.0, 0, np.floor_divide(a, x))
        line("MODULO", a, 0.0, 0, np.remainder(x, a))
        line("MODULO_OF", a, 0.0, 0, np.remainder(a, x))
        line("FMOD_OF", a, 0.0, 0, np.fmod(a, x))
    line("CLIP", -1.0, 2.0, 0, np.clip(x, -1.0, 2.0))
    line("CLIP", 0.0, 0.0, 0, np.clip(x, 0.0, 0.0))
    line("ROUND_SCALED", 1.0, 0.0, 0, np.round(x, 0))
    line("ROUND_SCALED", 10.0, 0.0, 0, np.round(x, 1))
    line("ROUND_SCALED", 100.0, 0.0, 0, np.round(x, 2))
    line("ROUND_TENS", 10.0, 0.0, 0, np.round(x, -1))
    line("ABOVE", 0.5, 0.0, 0, x > 0.5)
    line("IF_NAN", 7.0, 0.0, 0, np.where(np.isnan(x), 7.0, x))
    line("IF_ZERO", 7.0, 0.0, 0, np.where(x == 0.0, 7.0, x))
    line("IF_INFINITE", 7.0, -7.0, 0, np.nan_to_num(x, nan=NAN, posinf=7.0, neginf=-7.0))
    line("POWER", 0.33, 0.0, 4, x ** 0.33)
    line("LOGIT", 0.0, 0.0, 4, np.log(x / (1.0 - x)))
    line("EXPIT", 0.0, 0.0, 4, expit(x))
    line("COMPLEMENT", 0.0, 0.0, 0, 1.0 - x)
    line("MINUS_EXP2_MINUS", 3.0, 0.0, 4, -(2.0 ** (-x / 3.0)))
    line("SINC", 0.0, 0.0, 4, np.sinc(x))
    line("EXP10", 0.0, 0.0, 4, special.exp10(x))
    for name, function in (("ERF", special.erf), ("ERFC", special.erfc), ("NDTR", special.ndtr),
                           ("NDTRI", special.ndtri), ("GAMMALN", special.gammaln),
                           ("LOGIT_EXACT", special.logit)):
        line(name, 0.0, 0.0, 16, function(x))
    line("PSI", 0.0, 0.0, 64, special.psi(x))  # a difference of two terms near its roots
    for name, function in (("FROM", np.subtract), ("DIVIDES", np.divide), ("MAXIMUM", np.maximum),
                           ("MINIMUM", np.minimum), ("FMAX", np.fmax), ("FMIN", np.fmin),
                           ("SIGNED_AS", np.copysign), ("BELOW", np.greater)):
        line(name, 1.25, 0.0, 0, function(1.25, x))
    for name, function in (("RAISES", np.power), ("HYPOT", np.hypot), ("ANGLE", np.arctan2),
                           ("TIMES_LOG", special.xlogy), ("TIMES_LOG1P", special.xlog1py)):
        line(name, 1.25, 0.0, 4, function(1.25, x))
    line("LOG_EXPIT", 0.0, 0.0, 4, special.log_expit(x))
    line("ENTROPY", 0.0, 0.0, 4, special.entr(x))
    line("I0", 0.0, 0.0, 16, np.i0(x))
    for power in (0.0, 0.5, -1.5):
        line("BOX_COX", power, 0.0, 16, special.boxcox(x, power))
    for power in (0.0, 0.5, 2.0, 3.0):
        line("YEO_JOHNSON", power, 0.0, 16, yeo_johnson(x, power))
    line("STEP_OF", 0.0, 0.0, 0, np.heaviside(0.0, x))
    line("STEP_OF", -2.0, 0.0, 0, np.heaviside(-2.0, x))
    line("LOG_ADD", 1.5, 0.0, 4, np.logaddexp(1.5, x))
    for name, function in (("NOT_ABOVE", np.greater_equal), ("NOT_BELOW", np.less_equal),
                           ("EQUAL", np.equal), ("UNEQUAL", np.not_equal)):
        line(name, 1.5, 0.0, 0, function(1.5, x))
    line("ZERO_WITHIN", 0.5, 0.0, 0, np.where(np.abs(x) <= 0.5, 0.0, x))
    line("SIGNED_SQUARE", 0.0, 0.0, 0, np.where(x < 0.0, -(x * x), x * x))
    line("LOG1P_EXP", 0.0, 0.0, 4, np.log1p(np.exp(x)))
    single = x.astype(np.float32)  # one unit in the last place of float32 is 2**29 of float64
    line("EXP32", 0.0, 0.0, 2**29, np.exp(single.astype(np.float64)).astype(np.float32))
    bounded = np.minimum(-single, np.float32(88.7)).astype(np.float64)
    line("SIGMOID32", 0.0, 0.0, 2**30, (1.0 / (np.exp(bounded) + 1.0)).astype(np.float32))
    old = 1.0 / (np.exp(-single.astype(np.float64)).astype(np.float32) + np.float32(1.0))
    line("OLD_SIGMOID32", 0.0, 0.0, 2**30, old.astype(np.float32))
    line("COMPLEMENT32", 0.0, 0.0, 0, np.float32(1.0) - single)


if __name__ == "__main__":
    main()
