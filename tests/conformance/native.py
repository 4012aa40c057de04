"""modelcache.h for Python: ctypes over build/libmodelcache.so, for tests.

library = Library(build_directory())
with library.open("model.pkl") as model:
    output = model.predict("predict", dense(numpy_array))
    output.parts[0].values
"""

import ctypes
import os
from ctypes import (
    POINTER,
    byref,
    c_bool,
    c_char,
    c_char_p,
    c_int,
    c_size_t,
    c_ssize_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse

WORKSPACE_LIMIT = 256 << 20
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "apply",
    "inverse_transform",
    "predict_std",
    "kneighbors",
    "predict_cov",
    "radius_neighbors",
    "kneighbors_graph",
    "radius_neighbors_graph",
    "decision_path",
    "mahalanobis",
    "predict_joint_log_proba",
)
CELL_NONE, CELL_NUMBER, CELL_INTEGER, CELL_BOOL, CELL_STRING, CELL_LIST, CELL_DICT = range(7)
DTYPE_F64, DTYPE_F32, DTYPE_I64, DTYPE_I32, DTYPE_U8, DTYPE_BOOL, DTYPE_CELL = range(7)
LAYOUT_SLOTS, LAYOUT_DENSE, LAYOUT_COLUMNS, LAYOUT_CSR = range(4)
VALUE_FLOAT, VALUE_INT, VALUE_BOOL, VALUE_LABEL, VALUE_CELL = range(5)
NO_OFFSET = 2**64 - 1

DTYPES = {
    np.dtype("float64"): DTYPE_F64,
    np.dtype("float32"): DTYPE_F32,
    np.dtype("int64"): DTYPE_I64,
    np.dtype("int32"): DTYPE_I32,
    np.dtype("uint8"): DTYPE_U8,
    np.dtype("bool"): DTYPE_BOOL,
}
CELL = np.dtype([("kind", "<u4"), ("size", "<u4"), ("bits", "<u8")])


# ------------------------------------------------------------------- the structures of the header


class CError(ctypes.Structure):
    _fields_ = [
        ("status", c_int),
        ("offset", c_uint64),
        ("n_contexts", c_uint32),
        ("message", c_char * 400),
        ("context", (c_char * 120) * 8),
    ]


class CColumn(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("name_size", c_uint32),
        ("slot", c_uint32),
        ("kind", c_int),
    ]


class CColumnData(ctypes.Structure):
    _fields_ = [("dtype", c_int), ("stride", c_ssize_t), ("data", c_void_p)]


class CDense(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p),
        ("dtype", c_int),
        ("n_columns", c_size_t),
        ("row_stride", c_ssize_t),
        ("column_stride", c_ssize_t),
    ]


class CColumns(ctypes.Structure):
    _fields_ = [("columns", POINTER(CColumnData)), ("n_columns", c_size_t)]


class CCsr(ctypes.Structure):
    _fields_ = [
        ("n_columns", c_size_t),
        ("indptr", c_void_p),
        ("indices", c_void_p),
        ("data", c_void_p),
    ]


class CSlots(ctypes.Structure):
    _fields_ = [("numbers", c_void_p), ("cells", c_void_p), ("rows", CCsr)]


class CLayouts(ctypes.Union):
    _fields_ = [("slots", CSlots), ("dense", CDense), ("columns", CColumns), ("csr", CCsr)]


class CInput(ctypes.Structure):
    _fields_ = [
        ("layout", c_int),
        ("sparse", c_bool),
        ("n_rows", c_size_t),
        ("as_", CLayouts),
    ]


class CPart(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("type", c_int),
        ("scalar", c_bool),
        ("sparse", c_bool),
        ("classes", c_uint32),
        ("n_columns", c_size_t),
        ("data", c_void_p),
        ("indptr", c_void_p),
        ("indices", c_void_p),
        ("values", c_void_p),
        ("n_deep", c_size_t),
    ]


class COutput(ctypes.Structure):
    _fields_ = [
        ("n_rows", c_size_t),
        ("n_parts", c_size_t),
        ("list", c_bool),
        ("parts", POINTER(CPart)),
    ]


class CModelInfo(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("version", c_char_p),
        ("source", c_char_p),
        ("estimator", c_char_p),
        ("sklearn_version", c_char_p),
        ("digest", c_char_p),
        ("generation", c_uint64),
        ("bytes", c_uint64),
        ("load_ns", c_uint64),
        ("methods", c_uint32),
        ("default_method", c_int),
        ("n_columns", c_size_t),
        ("n_numbers", c_size_t),
        ("n_cells", c_size_t),
        ("n_class_tables", c_size_t),
        ("has_names", c_bool),
        ("extra_columns", c_bool),
        ("row", c_int),
    ]


PROTOTYPES = {
    "mc_status_name": (c_char_p, [c_int]),
    "mc_workspace_create": (c_int, [c_size_t, POINTER(c_void_p), POINTER(CError)]),
    "mc_workspace_destroy": (None, [c_void_p]),
    "mc_model_open": (c_int, [c_char_p, POINTER(c_void_p), POINTER(CError)]),
    "mc_model_map": (c_int, [c_char_p, POINTER(c_void_p), POINTER(CError)]),
    "mc_model_save": (c_int, [c_void_p, c_char_p, POINTER(CError)]),
    "mc_model_release": (None, [c_void_p]),
    "mc_model_describe": (CModelInfo, [c_void_p]),
    "mc_model_column": (CColumn, [c_void_p, c_size_t]),
    "mc_model_columns": (POINTER(CColumn), [c_void_p, POINTER(c_size_t)]),
    "mc_model_classes": (c_void_p, [c_void_p, c_size_t, POINTER(c_size_t)]),
    "mc_model_predict": (
        c_int,
        [c_void_p, c_int, POINTER(CInput), c_void_p, POINTER(COutput), POINTER(CError)],
    ),
}


class NativeError(Exception):
    """What an mc_error says."""

    def __init__(self, status, error):
        self.status = status
        self.offset = None if error.offset == NO_OFFSET else error.offset
        self.message = error.message.decode("utf-8", "replace")
        self.contexts = [
            error.context[i].value.decode("utf-8", "replace")
            for i in range(min(error.n_contexts, 8))
        ]
        place = "" if self.offset is None else " (at %d)" % self.offset
        chain = " / in ".join([self.message] + self.contexts)
        super().__init__("%s: %s%s" % (status, chain, place))


# --------------------------------------------------------------------------------------- inputs


def _pointer(array):
    return array.ctypes.data_as(c_void_p).value or 0


class Dense:
    """A matrix of one dtype."""

    def __init__(self, array, keep=None):
        self.array = np.ascontiguousarray(array)
        self.keep = keep  # the strings that cells point to
        self.n_rows = self.array.shape[0]

    def take(self, rows):
        return Dense(self.array[rows], self.keep)

    def fill(self, c_input):
        dense = c_input.as_.dense
        c_input.layout = LAYOUT_DENSE
        dense.data = _pointer(self.array)
        dense.dtype = DTYPE_CELL if self.array.dtype == CELL else DTYPES[self.array.dtype]
        dense.n_columns = self.array.shape[1]
        dense.row_stride = self.array.strides[0]
        dense.column_stride = self.array.strides[1]


class Columns:
    """One array a column."""

    def __init__(self, arrays, keep=None):
        self.arrays = [np.ascontiguousarray(array) for array in arrays]
        self.keep = keep
        self.n_rows = len(self.arrays[0]) if self.arrays else 0

    def take(self, rows):
        return Columns([array[rows] for array in self.arrays], self.keep)

    def fill(self, c_input):
        self.structs = (CColumnData * len(self.arrays))()
        for struct, array in zip(self.structs, self.arrays):
            struct.dtype = DTYPE_CELL if array.dtype == CELL else DTYPES[array.dtype]
            struct.stride = array.strides[0]
            struct.data = _pointer(array)
        c_input.layout = LAYOUT_COLUMNS
        c_input.as_.columns.columns = self.structs
        c_input.as_.columns.n_columns = len(self.arrays)


class Csr:
    """Sparse rows."""

    def __init__(self, data, indices, indptr, n_columns):
        self.data = np.ascontiguousarray(data, dtype=np.float64)
        self.indices = np.ascontiguousarray(indices, dtype=np.int32)
        self.indptr = np.ascontiguousarray(indptr, dtype=np.int64)
        self.n_columns = n_columns
        self.n_rows = len(self.indptr) - 1

    def take(self, rows):
        sizes = np.diff(self.indptr)[rows]
        places = [np.arange(self.indptr[row], self.indptr[row + 1]) for row in rows]
        at = np.concatenate(places) if places else np.arange(0)
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        return Csr(self.data[at], self.indices[at], indptr, self.n_columns)

    def fill(self, c_input):
        csr = c_input.as_.csr
        c_input.layout = LAYOUT_CSR
        csr.n_columns = self.n_columns
        csr.indptr = _pointer(self.indptr)
        csr.indices = _pointer(self.indices)
        csr.data = _pointer(self.data)


def _items(values, strings):
    """Cells side by side, kept alive in `strings`: their address."""
    array = np.array([_cell(value, strings) for value in values], dtype=CELL)
    strings.append(array)
    return _pointer(array)


def _cell(value, strings):
    """(kind, size, bits) of one value; what its pointer points to is kept alive in `strings`."""
    if isinstance(value, dict):
        pairs = [part for pair in value.items() for part in pair]
        return CELL_DICT, len(value), _items(pairs, strings)
    if isinstance(value, (list, tuple, set, frozenset)):
        return CELL_LIST, len(value), _items(value, strings)
    if value is None:
        return CELL_NONE, 0, 0
    if isinstance(value, (bool, np.bool_)):
        return CELL_BOOL, 0, int(value)
    if isinstance(value, (int, np.integer)):
        return CELL_INTEGER, 0, int(value) % 2**64
    if isinstance(value, (float, np.floating)):
        return CELL_NUMBER, 0, int(np.float64(value).view(np.uint64))
    text = str(value).encode("utf-8", "surrogatepass")
    buffer = ctypes.create_string_buffer(text, len(text) + 1)
    strings.append(buffer)
    return CELL_STRING, len(text), ctypes.addressof(buffer)


def cells(values, strings):
    """An array of mc_cell, of the shape of `values`."""
    objects = np.asarray(values, dtype=object)
    flat = [_cell(value, strings) for value in objects.ravel()]
    return np.array(flat, dtype=CELL).reshape(objects.shape)


def values(rows):
    """Rows that are one value each: texts, lists, dicts."""
    strings = []
    array = np.array([_cell(row, strings) for row in rows], dtype=CELL)
    return Dense(array.reshape(-1, 1), strings)


def dense(array):
    """A matrix; of cells where numpy's dtype is object or text."""
    array = np.asarray(array)
    if array.dtype.kind in "OU":
        strings = []
        return Dense(cells(array, strings), strings)
    return Dense(array if array.dtype in DTYPES else array.astype(np.float64))


def csr(array):
    """A matrix without its zeros."""
    if scipy.sparse.issparse(array):
        return Csr(array.data, array.indices, array.indptr, array.shape[1])
    rows, columns = np.nonzero(array)
    indptr = np.concatenate([[0], np.cumsum(np.count_nonzero(array, axis=1))])
    return Csr(array[rows, columns], columns, indptr, array.shape[1])


# -------------------------------------------------------------------------------------- outputs


@dataclass
class Part:
    """One block of an answer, copied out of the workspace."""

    name: str
    kind: str  # of the values: f i b as numpy's dtypes, or O for Python objects
    scalar: bool
    sparse: bool
    values: np.ndarray  # (n_rows, n_columns); of huge ones a csr_matrix

    def identity(self):
        """What must be the same, bit for bit, in every batch."""
        if self.kind == "O":
            return [repr(value) for value in self.values.ravel()]
        if self.sparse:  # of a few rows the zeros may be there, of many not
            matrix = scipy.sparse.csr_matrix(self.values, copy=True)
            matrix.eliminate_zeros()
            return [array.tobytes() for array in (matrix.indptr, matrix.indices, matrix.data)]
        return self.values.tobytes()


@dataclass
class Output:
    n_rows: int
    is_list: bool
    parts: list

    def part(self, name):
        return next(part for part in self.parts if (part.name or "") == name)


def _sparse_values(part, shape):
    """The matrix of a part that is held as sparse rows: with its zeros, unless they are too many."""
    indptr = _copy(part.indptr, np.int64, shape[0] + 1)
    at = _copy(part.indices, np.int32, indptr[-1])
    values = _copy(part.values, np.float64, indptr[-1])
    matrix = scipy.sparse.csr_matrix((values, at, indptr), shape=shape)
    return matrix if is_huge(shape) else matrix.toarray()


def is_huge(shape):
    """Would a matrix of doubles of this shape take more than 8 MiB?"""
    return shape[0] * shape[1] > 1 << 20


def _list(cells):
    if (cells["kind"] == CELL_NUMBER).all():
        return cells["bits"].copy().view(np.float64).tolist()
    return [_value(cell) for cell in cells]


def _value(cell):
    """The Python value of one mc_cell."""
    kind, size, bits = (int(field) for field in cell)
    if kind == CELL_NONE:
        return None
    if kind == CELL_NUMBER:
        return float(np.uint64(bits).view(np.float64))
    if kind == CELL_INTEGER:
        return int(np.uint64(bits).view(np.int64))
    if kind == CELL_BOOL:
        return bool(bits & 0xFF)
    if kind == CELL_LIST:
        return _list(_copy(bits, CELL, size))
    if kind == CELL_DICT:
        parts = [_value(item) for item in _copy(bits, CELL, 2 * size)]
        return dict(zip(parts[::2], parts[1::2]))
    return ctypes.string_at(bits, size).decode("utf-8", "surrogatepass")


def _copy(pointer, dtype, count):
    size = count * np.dtype(dtype).itemsize
    data = ctypes.string_at(pointer, size) if size else b""
    return np.frombuffer(data, dtype=dtype).copy()


def _objects(values, shape):
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):  # which may be a list
        array[i] = value
    return array.reshape(shape)


class Model:
    """An open model with one workspace. Use it in a `with`."""

    def __init__(self, library, handle):
        self.library, self.handle = library, handle
        self.workspace = c_void_p()
        error = CError()
        status = library.c.mc_workspace_create(WORKSPACE_LIMIT, byref(self.workspace), byref(error))
        library.check(status, error)
        self.info = library.c.mc_model_describe(handle)
        self.methods = [name for i, name in enumerate(METHODS) if self.info.methods >> i & 1]
        self.default_method = METHODS[self.info.default_method]
        self.classes = [self._classes(i) for i in range(self.info.n_class_tables)]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        if self.handle is not None:
            self.library.c.mc_workspace_destroy(self.workspace)
            self.library.c.mc_model_release(self.handle)
            self.handle = None

    def _classes(self, table):
        count = c_size_t()
        pointer = self.library.c.mc_model_classes(self.handle, table, byref(count))
        return [_value(cell) for cell in _copy(pointer, CELL, count.value)]

    def columns(self):
        """[(name or None, kind)] in the order of training."""
        count = c_size_t()
        columns = self.library.c.mc_model_columns(self.handle, byref(count))
        if not columns:  # all alike
            kind = self.library.c.mc_model_column(self.handle, 0).kind if count.value > 0 else 0
            return [(None, kind)] * count.value
        return [
            (columns[i].name.decode() if columns[i].name is not None else None, columns[i].kind)
            for i in range(count.value)
        ]

    def predict(self, method, rows):
        c_input, c_output, error = CInput(), COutput(), CError()
        c_input.n_rows = rows.n_rows
        rows.fill(c_input)
        status = self.library.c.mc_model_predict(
            self.handle,
            METHODS.index(method),
            byref(c_input),
            self.workspace,
            byref(c_output),
            byref(error),
        )
        self.library.check(status, error)
        parts = [self._part(c_output.parts[i], c_output.n_rows) for i in range(c_output.n_parts)]
        return Output(c_output.n_rows, c_output.list, parts)

    def _part(self, part, n_rows):
        shape = (n_rows, part.n_columns)
        name = None if part.name is None else part.name.decode()
        if part.indptr:
            return Part(name, "fib"[part.type], False, part.sparse, _sparse_values(part, shape))
        kind, values = self._values(part, n_rows * part.n_columns)
        values = values.reshape(shape)
        if part.sparse and is_huge(shape):
            values = scipy.sparse.csr_matrix(values)
        return Part(name, kind, part.scalar, part.sparse, values)

    def _values(self, part, count):
        if part.type == VALUE_LABEL:
            labels = self.classes[part.classes]
            chosen = [labels[i] for i in _copy(part.data, np.int32, count)]
            return "O", _objects(chosen, (count,))
        if part.type == VALUE_CELL:
            values = [_value(cell) for cell in _copy(part.data, CELL, count)]
            return "O", _objects(values, (count,))
        return "fib"[part.type], _copy(part.data, np.float64, count)

    def save(self, path):
        error = CError()
        status = self.library.c.mc_model_save(self.handle, os.fsencode(path), byref(error))
        self.library.check(status, error)


def build_directory():
    """Where the libraries are: $MODELCACHE_BUILD, or build/."""
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("MODELCACHE_BUILD") or root / "build")


class Library:
    """build/libmodelcache.so."""

    def __init__(self, build=None):
        self.c = ctypes.CDLL(str((build or build_directory()) / "libmodelcache.so"))
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(self.c, name)
            function.restype, function.argtypes = result, arguments

    def check(self, status, error):
        if status != 0:
            raise NativeError(self.c.mc_status_name(status).decode(), error)

    def open(self, path):
        """A Model, from a model file."""
        return self._open(self.c.mc_model_open, path)

    def map(self, path):
        """A Model, from a saved image."""
        return self._open(self.c.mc_model_map, path)

    def _open(self, function, path):
        handle, error = c_void_p(), CError()
        self.check(function(os.fsencode(path), byref(handle), byref(error)), error)
        return Model(self, handle)
