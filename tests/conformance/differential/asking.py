"""Asks scikit-learn and the library the same rows, and says where they differ.

scikit-learn is asked row by row: one answer for a row, whatever is asked with it, can only be the
one it has alone. How far its own answer moves is measured, never guessed: between the row alone and
the row in the batch, and, where no cell of the row is an edge, when the last bits of the row move.
"""

import contextlib
import dataclasses
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse

from .. import native
from ..check import rows_of
from ..compare import Mismatch, compare
from ..fixtures.encoding import encode, encode_input
from . import moving
from .moving import quiet
from .nearness import near_rows
from .rows import take

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform",
           "score_samples", "kneighbors", "apply", "predict_std", "inverse_transform")  # fmt: skip
STD = ("GaussianProcessRegressor", "BayesianRidge", "ARDRegression")
PARTS = ("kneighbors_distance", "kneighbors_index")
BOUND = 1e-9  # of the largest number of a row's answer: the design's
BOUND_SINGLE = 2e-5  # where float32 takes part: 160 terms of a sum, each rounded at eps 1.2e-7
MORE = 8  # times what scikit-learn's own answer moves: a few draws do not find the farthest move
# scikit-learn forms these distances by |x|^2 - 2 x.c + |c|^2, off by some 4 eps |x|^2, so by 3e-8 |x|
# where nothing is left of it, and by less where d is not small.
ROOTED = ("KMeans", "Birch", "Isomap", "NeighborsTransformer", "KNeighbors", "RadiusNeighbors",
          "NearestNeighbors")  # fmt: skip
ROOT = 4 * 2.0**-52
# From here sixth powers overflow: the square of a product of three, in double and in single.
OVERFLOW, OVERFLOW_SINGLE = 1e51, 2e6
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


def _offered(estimator, method):
    if method == "predict_std":
        if type(estimator).__name__ not in STD:
            return None
        return lambda X: estimator.predict(X, return_std=True)[1]
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
    return lambda X: take_answer(ask(take(X, [0, 0])), [0])


def _n_answered(answer):
    """Of how many rows an answer is."""
    if isinstance(answer, tuple) or (isinstance(answer, list) and np.ndim(answer[0]) == 2):
        return len(answer[0])
    return answer.shape[0] if hasattr(answer, "shape") else len(answer)


def _way(ask, X, n_rows):
    """`ask`, or its double where the first row with an answer has another shape than in a batch,
    or as many answers as SparsePCA.transform has numbers for a row alone."""
    for i in range(n_rows):
        with quiet(), contextlib.suppress(Exception):
            double = _doubled(ask)(take(X, [i]))
            try:
                alone = ask(take(X, [i]))
            except Exception:
                return _doubled(ask)
            is_flat = np.ndim(double) == 2 and np.ndim(alone) == 1
            return _doubled(ask) if is_flat or _n_answered(alone) != 1 else ask
    return ask


def ask_each(ask, X, n_rows):
    """(answers of the rows that have one, their numbers, {row: what was raised})."""
    answers, at, raised = [], [], {}
    ask = _way(ask, X, n_rows)
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


def _noise(case, method, X, marked, want, rng, single):
    """(how far scikit-learn's numbers move or None, the rows of which an answer changes)."""
    flat, unstable = _flat(want), set()
    noise = None if flat is None else np.zeros(flat.shape)
    for answer in moving.answers(case.estimator, method, X, marked, rng, single):
        numbers = _flat(answer) if flat is not None else None
        if numbers is not None and numbers.shape == flat.shape:
            noise = np.maximum(noise, moving.distance(flat, numbers))
        if isinstance(want, np.ndarray) and np.shape(answer) == want.shape:
            differs = np.asarray(answer != want)
            unstable |= set(np.flatnonzero(differs.reshape(len(want), -1).any(axis=1)).tolist())
    return noise, unstable


def _bound(want, single):
    """What is allowed: a share of the largest number of the row."""
    size = np.where(np.isfinite(want), np.abs(want), 0).max(axis=1, keepdims=True, initial=0)
    return (BOUND_SINGLE if single else BOUND) * size + np.zeros(want.shape)


def _norms(X):
    """The length of each row, for what is left of a distance between two rows of that length."""
    cells = _flat(X)
    if cells is None:
        return 0.0
    with np.errstate(over="ignore"):
        return np.sqrt((np.where(np.isfinite(cells), cells, 0) ** 2).sum(axis=1, keepdims=True))


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
        near |= ~np.isfinite(scores).all(axis=1)  # it overflowed: no score decides
        close.update(at[near].tolist())
    return close


def _log_slack(want):
    """log(p) moves by 1e-15 / p when p, 1 less other shares, does by 1e-15: four times eps."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(1e-15 / np.exp(want), nan=0.0, posinf=np.inf)


def native_rows(X, kind, model):
    """Rows as the library takes them."""
    if kind == "dense" and scipy.sparse.issparse(X):
        kind = "csr"
    if kind in ("text", "dicts", "sets"):
        return native.values(X)
    return rows_of(encode_input(X, kind), model)


def take_answer(answer, at):
    """Some rows of an answer of scikit-learn."""
    if isinstance(answer, tuple) or (isinstance(answer, list) and np.ndim(answer[0]) == 2):
        return type(answer)(take(part, at) for part in answer)
    return take(answer, at)


def _overflows(X, want):
    """Which rows of huge numbers scikit-learn answers with one that overflowed."""
    cells, want = _flat(X), _flat(want)
    if cells is None or want is None:
        return np.zeros(1, dtype=bool)
    single = X.dtype == np.float32 if hasattr(X, "dtype") else False
    huge = np.abs(cells).max(axis=1, initial=0) > (OVERFLOW_SINGLE if single else OVERFLOW)
    return huge & ~np.isfinite(want).all(axis=1)


def _extreme(X):
    """Rows of single precision of which powers overflow or vanish there, but not in double."""
    if getattr(X, "dtype", None) != np.float32:
        return np.zeros(1, dtype=bool)
    size = np.abs(_flat(X))
    return ((size > OVERFLOW_SINGLE) | ((size > 0) & (size < 1 / OVERFLOW_SINGLE))).any(axis=1)


def _spelt(want, output):
    """Both with a mark before each text: fixtures write a missing value as the text nan."""
    if not isinstance(want, np.ndarray) or want.dtype.kind not in "OU":
        return want, output
    mark = np.vectorize(lambda v: "=" + v if isinstance(v, str) else v, otypes=[object])
    parts = [
        dataclasses.replace(part, values=mark(part.values)) if part.kind == "O" else part
        for part in output.parts
    ]
    return mark(want), dataclasses.replace(output, parts=parts)


def _dense(answer):
    return answer.toarray() if scipy.sparse.issparse(answer) else np.asarray(answer)


def _plain(part):
    """A part as dense floats."""
    return dataclasses.replace(part, kind="f", sparse=False, values=part.values.astype(np.float64))


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
            if any(name in repr(case.estimator) for name in ("Isomap", "KernelPCA")):
                with quiet(), moving.centred_from(rng):  # huge rows are as near to all, or to none
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
            if want is not None and method != "apply":  # which is no answer of a pipeline
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
            # of neighbours that are equally near either may come first
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
        want, output = _spelt(want, output)
        try:
            compare(name, self._description(name, want, X, single, ties_at, None), output)
            return
        except Mismatch as first:
            text = "%s: %s" % (name, first)
        over = _overflows(X, want)
        if over.any():
            self.result.overflows.append(text)
            at = np.flatnonzero(~over)
            if len(at):
                rest = (ask, take(X, at), marked[at], numbers[at])
                ties_at = [i for i, row in enumerate(at) if row in ties_at]
                want, output = take_answer(want, at), _rows_of(output, at)
                self._judge(method, name, want, output, single, ties_at, rest)
            return
        if self._in_double(method, name, want, output, ties_at, X):
            self.result.overflows.append(text)
            return
        noise, unstable = None, set()
        if name != "kneighbors_index":
            noise, unstable = _noise(self.case, method, X, marked, want, self.rng, single)
        try:
            ties_at = sorted(set(ties_at) | unstable)
            compare(name, self._description(name, want, X, single, ties_at, noise), output)
            self.result.noise.append(text)
        except Mismatch:
            self._differs(method, numbers.tolist(), text)

    def _in_double(self, method, name, want, output, ties_at, X):
        """Is an extreme row of single precision answered as scikit-learn answers it in double?"""
        flat = _flat(want)
        if getattr(X, "dtype", None) != np.float32 or flat is None:
            return False
        # shares vanish where their logarithms need not be far, as squares of large numbers overflow
        shares = np.full(len(X), name in ("predict_proba", "predict_log_proba"))
        at = np.flatnonzero(_extreme(X) | ~np.isfinite(flat).all(axis=1) | shares)
        if not len(at):
            return False
        ask = moving.way(moving.in_double(self.case.estimator), method)
        doubles, answered, _ = ask_each(ask, take(X, at).astype(np.float64), len(at))
        if doubles is None or _flat(doubles) is None or name.startswith("kneighbors"):
            return False
        want = np.array(_dense(want), dtype=np.float64)
        want[at[answered]] = _dense(doubles)
        rest = np.setdiff1d(np.arange(len(want)), np.setdiff1d(at, at[answered]))
        with contextlib.suppress(Mismatch):
            ties_at = [i for i, row in enumerate(rest) if row in ties_at]
            want, output = want[rest], _rows_of(output, rest)
            single = dataclasses.replace(output, parts=[_plain(part) for part in output.parts])
            compare(name, self._description(name, want, take(X, rest), True, ties_at, None), single)
            return True
        return False

    def _description(self, name, want, X, single, ties_at, noise):
        """What compare.py takes: as a fixture describes it."""
        flat, slack = _flat(want), {}
        if flat is not None:
            allowed = _bound(flat, single) + self._terms(name, flat, X)
            if noise is not None and noise.shape == flat.shape:
                allowed = allowed + MORE * noise
            if name == "predict":
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

    def _terms(self, name, want, X):
        """What is allowed because larger numbers were summed than the answer shows."""
        inside = repr(self.case.estimator)
        if name == "predict_log_proba":
            return _log_slack(want)
        if name in ("transform", "kneighbors_distance") and any(kind in inside for kind in ROOTED):
            lost = ROOT * (2 * _norms(X)) ** 2
            with np.errstate(all="ignore"):
                return np.nan_to_num(np.sqrt(want**2 + lost) - np.abs(want), nan=0.0, posinf=0.0)
        return 0.0

    def _refusing(self, method, ask, X, numbers, want, error):
        """Which rows are refused that scikit-learn answers."""
        rows = []
        for i, number in enumerate(numbers):
            try:
                self.model.predict(method, self.native_rows(take(X, [i]), method))
            except native.NativeError as one:
                rows.append((int(number), str(one)))
        kept = dict(rows)
        unchecked = any(name in repr(self.case.estimator) for name in UNCHECKED)
        if rows and unchecked and all("input contains" in one for one in kept.values()):
            self.result.strict.append("%s: %s" % (method, rows[0]))
        elif rows and self._may_raise(method, X, numbers, rows):
            self.result.noise.append("%s: %s" % (method, error))
        else:
            text = "refused: %s; rows %s" % (error, rows[:3])
            self._differs(method, list(kept), text)
        at = [i for i, number in enumerate(numbers) if number not in kept]
        if at and rows:
            self._compare(method, ask, take(X, at), numbers[at], take_answer(want, at))

    def _may_raise(self, method, X, numbers, rows):
        """Does scikit-learn raise for each refused row, too, when last bits move, or in double?"""
        at = [i for i, number in enumerate(numbers) if number in dict(rows)]
        for i in at:
            x, marked = take(X, [i]), self.marked[numbers[[i]]]
            single = getattr(X, "dtype", None) == np.float32
            if not moving.raises(self.case.estimator, method, x, marked, self.rng, single):
                return False
        return True

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
