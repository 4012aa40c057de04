"""Zip archives that mean harm, as skops files: the archive lies, or what is in it does."""

import io
import json
import struct
import zipfile

import numpy as np


def archive(members, method=zipfile.ZIP_DEFLATED):
    """The bytes of a zip archive of {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def node(loader, name="object", module="builtins", **more):
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


def text(value):
    return node("JsonNode", "str", content=json.dumps(value))


def dict_node(content):
    types = [node("TypeNode", "str") for _ in content]
    return node("DictNode", "dict", content=content, key_types=node("ListNode", content=types))


def skops(schema, **members):
    """A skops file of a schema; members by the name without .npy."""
    arrays = {name + ".npy": data for name, data in members.items()}
    schema = schema if isinstance(schema, (str, bytes)) else json.dumps(schema)
    return archive({"schema.json": schema, **arrays})


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(literal, data=b""):
    """A .npy file of a header that is written by hand."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(literal)) + literal + data


def scaler(mean, **members):
    """A StandardScaler whose mean_ is the node `mean`."""
    attributes = {"n_features_in_": text(2), "mean_": mean, "_sklearn_version": text("1.9.1")}
    schema = node("ObjectNode", "StandardScaler", "sklearn.preprocessing._data")
    return skops({**schema, "content": dict_node(attributes), "protocol": 2}, **members)


def array_node(file="a.npy"):
    return node("NdArrayNode", "ndarray", "numpy", type="numpy", file=file)


def patched(data, signature, offset, value):
    """The first record of a kind, with other bytes at an offset of it."""
    at = data.index(signature) + offset
    return data[:at] + value + data[at + len(value) :]


ENTRY, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
PLAIN = skops(text("x"))


def overlapping():
    """A stored member that holds the whole of another one, which is a member too."""
    inner = archive({"b.npy": bytes(64)}, zipfile.ZIP_STORED)
    outer = archive({"a.npy": inner, "schema.json": "{}", "b.npy": b""}, zipfile.ZIP_STORED)
    at = outer.rindex(b"b.npy") - 46
    inside = outer.index(LOCAL, 1)
    sizes = struct.pack("<II", 64, 64)
    outer = outer[: at + 20] + sizes + outer[at + 28 :]
    return outer[: at + 42] + struct.pack("<I", inside) + outer[at + 46 :]


def cyclic():
    """An object that is its own attribute."""
    content = dict_node({"estimator": node("ObjectNode", __id__=7), "_sklearn_version": text("1.9.1")})
    root = node("ObjectNode", "OneVsRestClassifier", "sklearn.multiclass", __id__=7, protocol=2)
    return skops({**root, "content": content})


# name: (bytes, what the message must hold)
ARCHIVES = {
    "no_schema": (archive({"a.txt": b"x"}), "without schema.json"),
    "only_a_beginning": (b"PK\x03\x04", "its end is missing"),
    "directory_outside": (patched(PLAIN, END, 16, b"\xff\xff\x00\x00"), "does not lie in it"),
    "too_many_members": (patched(PLAIN, END, 10, b"\xfe\xff"), "more members than"),
    "member_outside": (patched(PLAIN, ENTRY, 42, b"\xff\xff\xff\x00"), "is not where"),
    "two_names": (patched(PLAIN, LOCAL, 30, b"X"), "two names"),
    "larger_than_announced": (patched(PLAIN, ENTRY, 24, struct.pack("<I", 3)), "more than|announces"),
    "smaller_than_announced": (patched(PLAIN, ENTRY, 24, struct.pack("<I", 999)), "announces 999"),
    "four_gigabytes": (patched(PLAIN, ENTRY, 24, b"\xfe\xff\xff\xff"), "announces"),
    "no_64_bit_size": (patched(PLAIN, ENTRY, 24, b"\xff\xff\xff\xff"), "announces|missing"),
    "other_bytes": (patched(PLAIN, ENTRY, 16, b"\0\0\0\0"), "is damaged"),
    "encrypted": (patched(PLAIN, ENTRY, 8, b"\x01\x00"), "is encrypted"),
    "unknown_method": (patched(PLAIN, ENTRY, 10, b"\x63\x00"), "method 99"),
    "overlapping": (overlapping(), "lies in another member"),
    "bomb": (skops(b" " * (200 << 20)), "found the end"),
    "bomb_array": (scaler(array_node(), a=npy(np.zeros(1 << 24))), "mean_"),
}

CLASS = node("ObjectNode", "system", "os", protocol=2)
SCHEMAS = {
    "not_json": (skops("{'a': }"), "expected a value"),
    "cut_json": (skops('{"__class__": "Pipe'), "expected the end of a string"),
    "deep_json": (skops("[" * 100000), "in each other"),
    "deep_objects": (skops('{"a":' * 5000 + "1" + "}" * 5000), "in each other"),
    "bad_escape": (skops('"\\x41"'), "an escape"),
    "not_utf8": (skops(b'{"a": "\xff"}'), "UTF-8"),
    "a_list": (skops("[]"), "no object"),
    "protocol_99": (skops({**text("x"), "protocol": 99}), "protocol 99"),
    "no_loader": (skops({"protocol": 2}), "__loader__"),
    "unknown_loader": (skops(node("EvilNode", protocol=2)), "EvilNode"),
    "os_system": (skops(CLASS), "os.system"),
    "os_system_function": (skops({**CLASS, "__loader__": "FunctionNode"}), "os.system"),
    "os_system_type": (skops({**CLASS, "__loader__": "TypeNode"}), "os.system"),
    "os_system_operator": (
        skops({**CLASS, "__loader__": "OperatorFuncNode", "attrs": text("x")}),
        "os.system",
    ),
    "keys_without_types": (
        skops(node("DictNode", content={"a": text(1)}, key_types=node("ListNode", content=[]))),
        "types of keys",
    ),
    "missing_member": (scaler(array_node("b.npy")), 'no member "b.npy"'),
    "missing_child": (skops(node("ListNode", content=[3])), "no object"),
    "lost_slice": (skops(node("SliceNode", content={"start": 1})), "bounds"),
    "cyclic": (cyclic(), "."),
}

ARRAYS = {
    "pickled_objects": (npy(np.array([1, "x"], dtype=object)), "objects"),
    "no_magic": (b"NUMPY" * 20, "magic word"),
    "version_9": (b"\x93NUMPY\x09\x00" + bytes(100), "version 9.0"),
    "long_header": (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "need 2147483647 bytes"),
    "no_shape": (header(b"{'descr': '<f8', 'fortran_order': False}"), "its header needs"),
    "huge_shape": (
        header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000000000000,)}"),
        ".",
    ),
    "short_data": (
        header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", bytes(8)),
        "need 16 bytes",
    ),
    "negative_shape": (
        header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}"),
        "a shape needs counts",
    ),
    "unknown_dtype": (
        header(b"{'descr': '<q99', 'fortran_order': False, 'shape': (2,)}"),
        "is not known",
    ),
    "nested_structure": (
        header(b"{'descr': [('a', [('b', '<f8')])], 'fortran_order': False, 'shape': (2,)}"),
        "plain fields",
    ),
}

BAD = {**ARCHIVES, **SCHEMAS}
BAD.update({name: (scaler(array_node(), a=data), want) for name, (data, want) in ARRAYS.items()})
