"""Asks scikit-learn and the library the same rows, and says where they differ.

scikit-learn is asked row by row: one answer for a row, whatever is asked with it, can only be the
one it has alone. How far its own answer moves is measured, never guessed: between the row alone and
the row in the batch, and, where no cell of the row is an edge, when the last bits of the row move.
"""

import contextlib
import dataclasses
import warnings
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse

from .. import native
from ..check import rows_of
from ..compare import Mismatch, compare
from ..fixtures import ties
from ..fixtures.encoding import encode, encode_input
from .nearness import near_rows
from .rows import take

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform",
           "score_samples", "kneighbors", "inverse_transform")  # fmt: skip
PARTS = ("kneighbors_distance", "kneighbors_index")
BOUND = 1e-9  # of the largest number of a row's answer
BOUND_SINGLE = 2e-5  # where float32 takes part
ROOT = 3e-8  # what is left of a distance where |x|^2 - 2 x.c + |c|^2 cancels, of |x|
ROOTED = ("KMeans", "Birch", "Isomap", "KNeighborsTransformer", "RadiusNeighborsTransformer")
SQUARED = ("Isomap", "QuadraticDiscriminant", "GaussianMixture", "EllipticEnvelope")
TERMS_SINGLE = 4e-7
TERMS = 1e-12  # of the largest number of the row itself
MOVES = 4  # how often the last bits of the rows are moved
OVERFLOW = 1e18  # numbers from which squares overflow in float32, cubes of cubes in float64
# Of these some ways to predict skip the check for NaN and infinity; rows with them are refused.
UNCHECKED = ("RadiusNeighborsClassifier", "KNeighborsClassifier", "ElasticNet", "Lasso")
# BernoulliRBM.score_samples flips a bit that it draws anew for each call.
DRAWN = {"score_samples": "BernoulliRBM"}


@dataclass
class Asked:
    """What came of one case."""

    overflows: list = field(default_factory=list)  # it overflows where we do not
    answers: int = 0  # rows times methods that were compared
    refusals: int = 0  # rows that both refuse
    generous: list = field(default_factory=list)  # we answer, scikit-learn raises
    strict: list = field(default_factory=list)  # it answers NaN or infinity, we refuse them
    noise: list = field(default_factory=list)  # scikit-learn's own answer moves as far
    differences: list = field(default_factory=list)


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"), ties.in_order():
        warnings.simplefilter("ignore")
        yield


def _offered(estimator, method):
    try:
        return getattr(estimator, method, None)
    except Exception:  # available_if of some versions raises more than AttributeError
        return None


def _stack(answers):
    """The answers of rows alone, as one answer of them all."""
    first = answers[0]
    if isinstance(first, list) and isinstance(first[0], np.ndarray) and first[0].ndim:
        if all(np.ndim(part) == 2 and len(part) == 1 for part in first):
            return [np.vstack(parts) for parts in zip(*answers)]
    if isinstance(first, tuple):
        return tuple(np.vstack(parts) for parts in zip(*answers))
    if scipy.sparse.issparse(first):
        return scipy.sparse.vstack(answers).tocsr()
    if isinstance(first, list):
        return [item for answer in answers for item in answer]
    if hasattr(first, "to_numpy"):
        answers = [answer.to_numpy() for answer in answers]
    return np.concatenate([np.asarray(answer) for answer in answers])


def _doubled(ask):
    """Asks a row as two that are the same.

    Of one row some answers have another shape (SparsePCA.transform: 1-D), or there is none.
    """
    return lambda X: take(ask(take(X, [0, 0])), [0])


def _way(ask, X):
    """`ask`, or its double where the first row alone has another shape than in a batch."""
    with quiet(), contextlib.suppress(Exception):
        double = _doubled(ask)(take(X, [0]))
        try:
            alone = ask(take(X, [0]))
        except Exception:
            return _doubled(ask)
        if np.ndim(double) == 2 and np.ndim(alone) == 1:
            return _doubled(ask)
    return ask


def ask_each(ask, X, n_rows):
    """(answers of the rows that have one, their numbers, {row: what was raised})."""
    answers, at, raised = [], [], {}
    ask = _way(ask, X)
    for i in range(n_rows):
        try:
            with quiet():
                answers.append(ask(take(X, [i])))
            at.append(i)
        except Exception as error:  # whatever an estimator raises for a row is its refusal
            raised[i] = "%s: %s" % (type(error).__name__, str(error).split("\n")[0][:160])
    return (_stack(answers) if answers else None), np.array(at, dtype=int), raised


def _flat(answer):
    """An answer of numbers as one matrix of doubles; None for what is no matrix of numbers."""
    if isinstance(answer, tuple):
        answer = answer[0]
    if scipy.sparse.issparse(answer):
        answer = answer.toarray() if not native.is_huge(answer.shape) else None
    array = np.asarray(answer) if not isinstance(answer, list) and answer is not None else None
    if array is None or array.dtype.kind not in "fiub" or array.ndim > 2:
        return None
    return array.astype(np.float64).reshape(len(array), -1)


def _moved(X, rng, marked):
    """The rows with the last bits of their numbers moved, but for cells on an edge."""
    if scipy.sparse.issparse(X):
        return scipy.sparse.csr_matrix(_moved(X.toarray(), rng, marked))
    if hasattr(X, "iloc"):
        moved = {name: _moved(X[name].to_numpy(), rng, marked[:, i]) for i, name in enumerate(X)}
        return X.assign(**{name: values for name, values in moved.items() if values is not None})
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "fi":
        return None
    X = X.astype(np.float64) if X.dtype.kind == "i" else X
    steps = np.where(rng.randint(2, size=X.shape), np.inf, -np.inf).astype(X.dtype)
    with np.errstate(all="ignore"):
        return np.where(marked if marked.shape == X.shape else False, X, np.nextafter(X, steps))


def _distance(first, second):
    """|first - second|, where equal infinities and missing numbers are no distance."""
    with np.errstate(invalid="ignore"):
        far = np.abs(first - second)
    far[(first == second) | (np.isnan(first) & np.isnan(second))] = 0
    return np.where(np.isnan(far), np.inf, far)


def _noise(ask, X, marked, want, rng):
    """How far scikit-learn's own numbers move; None where that cannot be asked."""
    want = _flat(want)
    noise = None if want is None else np.zeros(want.shape)
    others = [X] + [_moved(X, rng, marked) for _ in range(MOVES)]
    for other in others:
        if want is None or other is None:
            continue
        with quiet(), contextlib.suppress(Exception):
            answer = _flat(ask(other))
            if answer is not None and answer.shape == want.shape:
                noise = np.maximum(noise, _distance(want, answer))
    return noise


def _bound(want, single):
    """What is allowed: a share of the largest number of the row, and of a usual row."""
    size = np.where(np.isfinite(want), np.abs(want), 0).max(axis=1, keepdims=True, initial=0)
    usual = np.quantile(size, 0.75) if len(size) else 0.0
    return (BOUND_SINGLE if single else BOUND) * np.maximum(size, usual) + np.zeros(want.shape)


def _largest(X):
    """The largest number of each row: the terms of a sum are no smaller."""
    cells = _flat(X)
    if cells is None:
        return 0.0
    return np.where(np.isfinite(cells), np.abs(cells), 0).max(axis=1, keepdims=True, initial=0)


def _near_ties(answers):
    """Rows of which scikit-learn's best two scores are as good as equal."""
    close = set()
    for method in ("predict_proba", "decision_function", "transform"):
        at, answer = answers.get(method, (None, None))
        scores = _flat(answer) if answer is not None else None
        if scores is None or not scores.size:
            continue
        size = np.maximum(np.abs(scores).max(axis=1), 1e-300)
        if scores.shape[1] == 1:
            near = ~(np.abs(scores[:, 0]) > BOUND * max(np.median(size), 1e-300))
        else:
            ordered = np.sort(scores if method != "transform" else -scores, axis=1)
            near = ~(ordered[:, -1] - ordered[:, -2] > BOUND * size)
        close.update(at[near].tolist())
    return close


def _log_slack(want):
    """log(p) moves by 1e-15 / p when p does by 1e-15."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(1e-15 / np.exp(want), nan=0.0, posinf=np.inf)


def native_rows(X, kind, model):
    """Rows as the library takes them."""
    if kind == "dense" and scipy.sparse.issparse(X):
        kind = "csr"
    if kind in ("text", "dicts"):
        return native.values(X)
    return rows_of(encode_input(X, kind), model)


def _overflows(X, want):
    """Which rows of huge numbers scikit-learn answers with one that overflowed."""
    cells, want = _flat(X), _flat(want)
    if cells is None or want is None:
        return None
    huge = np.abs(cells).max(axis=1, initial=0) > OVERFLOW
    return huge & ~np.isfinite(want).all(axis=1)


def _rows_of(output, at):
    """Some rows of what the library answered."""
    parts = [dataclasses.replace(part, values=part.values[at]) for part in output.parts]
    return dataclasses.replace(output, n_rows=len(at), parts=parts)


class Asker:
    """One fitted case and its open model."""

    def __init__(self, case, model, X, marked, rng):
        self.case, self.model, self.X, self.marked, self.rng = case, model, X, marked, rng
        self.n_rows = len(marked)
        self.result = Asked()
        self.wanted = {}  # method: (rows, answer)
        self.nearly = set()  # rows as near to one place as to another
        for i in range(self.n_rows):
            with quiet():
                self.nearly |= {i} if near_rows(case.estimator, take(X, [i])) else set()

    def native_rows(self, X, method):
        kind = self.case.kind if method != "inverse_transform" else "dense"
        return native_rows(X, kind, self.model)

    def _rows_for(self, method):
        """inverse_transform is asked for what scikit-learn's transform answers."""
        if method != "inverse_transform":
            return self.X, np.arange(self.n_rows)
        at, answer = self.wanted.get("transform", (np.arange(0), None))
        return (answer.to_numpy() if hasattr(answer, "to_numpy") else answer), at

    def ask(self, method):
        ask = _offered(self.case.estimator, method)
        X, numbers = self._rows_for(method)
        if ask is None or X is None or self._is_drawn(method):
            return
        want, at, raised = ask_each(ask, X, len(numbers))
        if want is not None:
            self.wanted[method] = (numbers[at], want)
        elif all("Error: " in text and "TypeError" in text for text in raised.values()):
            return  # no method for rows: it wants more arguments
        if method not in self.model.methods:
            if want is not None:
                self._differs(method, [], "not offered")
            return
        if len(at):
            self._compare(method, ask, take(X, at), numbers[at], want)
        for i, text in raised.items():
            self._refused(method, take(X, [i]), numbers[i], text)

    def _is_drawn(self, method):
        return DRAWN.get(method, "-") in repr(self.case.estimator)

    def _refused(self, method, X, number, text):
        """Where scikit-learn raises we should refuse."""
        try:
            self.model.predict(method, self.native_rows(X, method))
            self.result.generous.append("%s row %d: %s" % (method, number, text))
        except native.NativeError as error:
            self.result.refusals += 1
            if error.status != "bad_input":
                text = "status %s where it raises %s" % (error.status, text)
                self._differs(method, [int(number)], text)
        except (ValueError, OverflowError):
            self.result.refusals += 1  # no rows that the library could be given

    def _compare(self, method, ask, X, numbers, want):
        try:
            output = self.model.predict(method, self.native_rows(X, method))
        except native.NativeError as error:
            self._refusing(method, ask, X, numbers, want, error)
            return
        marked = self.marked[numbers]
        single = getattr(self.case.X, "dtype", None) == np.float32
        single |= getattr(want, "dtype", None) == np.float32
        near = set(self.nearly)
        if method == "predict":
            near |= self._ties()
        ties_at = [i for i, number in enumerate(numbers) if number in near]
        named = {method: want}
        if method == "kneighbors":
            named = dict(zip(PARTS, want))
            gaps = np.diff(want[0], axis=1) <= BOUND * np.maximum(np.abs(want[0][:, 1:]), 1e-300)
            ties_at = np.flatnonzero(gaps.any(axis=1)).tolist()
        self.result.answers += len(numbers)
        for name, part in named.items():
            self._judge(method, name, part, output, single, ties_at, (ask, X, marked, numbers))

    def _ties(self):
        answers = {}
        for method in ("predict_proba", "decision_function", "transform"):
            ask = _offered(self.case.estimator, method)
            if ask is not None:
                want, at, _ = ask_each(ask, self.X, self.n_rows)
                if want is not None:
                    answers[method] = (at, want)
        return _near_ties(answers)

    def _judge(self, method, name, want, output, single, ties_at, where):
        ask, X, marked, numbers = where
        if name == "kneighbors_index" and ties_at:
            return
        try:
            compare(name, self._description(name, want, X, single, ties_at, None), output)
        except Mismatch as first:
            noise = None
            if not name.startswith("kneighbors") or name == "kneighbors_distance":
                noise = _noise(ask, X, marked, want, self.rng)
            text = "%s: %s" % (name, first)
            over = _overflows(X, want)
            if over is not None and over.any():
                self.result.overflows.append(text)
                at = np.flatnonzero(~over)
                if not len(at):
                    return
                rest = (ask, take(X, at), marked[at], numbers[at])
                ties_at = [i for i, row in enumerate(at) if row in ties_at]
                want, output = take(want, at), _rows_of(output, at)
                self._judge(method, name, want, output, single, ties_at, rest)
                return
            try:
                if noise is None or not noise.any():
                    raise first
                compare(name, self._description(name, want, X, single, ties_at, noise), output)
                self.result.noise.append(text)
            except Mismatch:
                self._differs(method, numbers.tolist(), text)

    def _description(self, name, want, X, single, ties_at, noise):
        """What compare.py takes: as a fixture describes it."""
        flat, slack = _flat(want), {}
        if flat is not None:
            allowed = _bound(flat, single) + self._terms(name, flat, X, single)
            if noise is not None and noise.shape == flat.shape:
                allowed = allowed + (50 if single else 8) * noise
            if name not in ("transform", "kneighbors_distance"):
                allowed[ties_at] = np.inf
            slack[name] = allowed.ravel().tolist()
        rtol = BOUND_SINGLE if single else BOUND
        return {
            "input": {"kind": self.case.kind},
            "outputs": {name: encode(want)},
            "rtol": rtol,
            "atol": 0.0 if flat is not None else rtol,
            "slack": slack,
            "near_tie_rows": ties_at,
        }

    def _terms(self, name, want, X, single):
        """What is allowed because larger numbers were summed than the answer shows."""
        allowed = np.zeros(want.shape)
        inside = repr(self.case.estimator)
        if name in ("transform", "decision_function", "score_samples", "predict"):
            largest = _largest(X)
            allowed += (TERMS_SINGLE if single else TERMS) * largest
            if any(kind in inside for kind in SQUARED):
                allowed += (TERMS_SINGLE if single else TERMS) * largest**2
        if name == "predict_log_proba":
            allowed += _log_slack(want)
        if name == "transform" and any(kind in inside for kind in ROOTED):
            size = np.where(np.isfinite(want), np.abs(want), 0).max(axis=1, keepdims=True)
            allowed += ROOT * size
        return allowed

    def _refusing(self, method, ask, X, numbers, want, error):
        """Which rows are refused that scikit-learn answers."""
        rows = []
        for i, number in enumerate(numbers):
            try:
                self.model.predict(method, self.native_rows(take(X, [i]), method))
            except native.NativeError as one:
                rows.append((int(number), str(one)))
        if rows and any(name in repr(self.case.estimator) for name in UNCHECKED):
            if all("input contains" in one for _, one in rows):
                self.result.strict.append("%s: %s" % (method, rows[0]))
                refused = {row for row, _ in rows}
                at = [i for i, number in enumerate(numbers) if number not in refused]
                if at:
                    self._compare(method, ask, take(X, at), numbers[at], take(want, at))
                return
        if rows and "unknown category" in str(error) and "Pipeline" in repr(self.case.estimator):
            self.result.noise.append("%s: %s" % (method, error))  # of a number that was computed
            return
        text = "refused: %s; rows %s" % (error, rows[:3])
        self._differs(method, [row for row, _ in rows], text)

    def _differs(self, method, rows, text):
        self.result.differences.append({"method": method, "rows": rows, "what": text[:600]})


def answers_none(case, X, n_rows):
    """Does scikit-learn itself raise for every row, whatever it is asked?"""
    for method in METHODS[:-1]:
        ask = _offered(case.estimator, method)
        if ask is not None and ask_each(ask, X, n_rows)[0] is not None:
            return False
    return True


def ask_all(case, model, X, marked, rng):
    """An Asked: every method that scikit-learn has, row by row."""
    asker = Asker(case, model, X, marked, rng)
    with np.errstate(all="ignore"):
        for method in METHODS:
            asker.ask(method)
    return asker.result
