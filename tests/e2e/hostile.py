"""Model files that mean harm: programs for the pickle machine, written byte by byte."""

import io
import pickle
import struct

PIPELINE = b"csklearn.pipeline\nPipeline\n)\x81}X\x05\x00\x00\x00steps](X\x01\x00\x00\x00s"


def short(text):
    """SHORT_BINUNICODE."""
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def stack_global(module, name, *arguments):
    """A call, in protocol 4."""
    pushed = b"".join(short(argument) for argument in arguments)
    called = b"(" + pushed + b"tR" if arguments else b")R"
    return b"\x80\x04" + short(module) + short(name) + b"\x93" + called + b"."


def call(module, name, argument="1"):
    """A call, in protocol 0."""
    return ("c%s\n%s\n(S'%s'\ntR." % (module, name, argument)).encode()


# name: (bytes, what the message must hold)
CALLS = {
    "os_system": (call("os", "system", "touch PWNED"), "os.system"),
    "eval": (call("builtins", "eval"), "builtins.eval"),
    "eval_python2": (call("__builtin__", "eval"), "__builtin__.eval"),
    "exec": (stack_global("builtins", "exec", "1"), "builtins.exec"),
    "posix_system": (stack_global("posix", "system", "id"), "posix.system"),
    "nested_getattr": (
        b"cbuiltins\ngetattr\n(cos\npath\nS'os'\ntR(S'system'\ntR.",
        "os.path",
    ),
    "getattr_of_known": (
        b"cbuiltins\ngetattr\n(cnumpy\nndarray\nS'tofile'\ntR.",
        "builtins.getattr",
    ),
    "dotted_name": (stack_global("os", "path.os.system", "id"), "os.path.os.system"),
    "runstring": (
        stack_global("numpy.testing._private.utils", "runstring", "1", "{}"),
        "numpy.testing._private.utils.runstring",
    ),
    "pickle_loads": (stack_global("_pickle", "loads", "x"), "_pickle.loads"),
    "pandas_read_pickle": (
        stack_global("pandas.io.pickle", "read_pickle", "/tmp/x"),
        "pandas.io.pickle.read_pickle",
    ),
    "joblib_load": (
        stack_global("joblib.numpy_pickle", "load", "/tmp/x"),
        "joblib.numpy_pickle.load",
    ),
    "subprocess": (stack_global("subprocess", "Popen", "id"), "subprocess.Popen"),
    "instance": (b"(S'id'\nios\nsystem\n.", "os.system"),
    "object": (b"(cos\nsystem\nS'id'\no.", "os.system"),
    "newobj": (b"\x80\x02cos\nPathLike\n)\x81.", "os.PathLike"),
    "main_class": (b"\x80\x02c__main__\nMyModel\n)\x81}b.", "__main__.MyModel"),
    "main_function": (b"\x80\x02c__main__\npreprocess\n.", "__main__.preprocess"),
    "unknown_estimator": (
        b"\x80\x02csklearn.linear_model._future\nQuantumRegression\n)\x81}b.",
        "QuantumRegression",
    ),
    "other_library": (b"\x80\x02cxgboost.sklearn\nXGBClassifier\n)\x81}b.", "XGBClassifier"),
    "extension_code": (b"\x80\x02\x82\x01.", "extension"),
    "persistent_id": (b"Pmodel-17\n.", "persistent"),
    "binary_persistent_id": (b"\x80\x02K\x01Q.", "persistent"),
    "out_of_band_buffer": (b"\x80\x05\x97.", "buffer"),
}

BROKEN = {
    "empty": b"",
    "zeros": bytes(64),
    "text": b"this is no model\n",
    "unknown_opcode": b"\x80\x04\xff.",
    "protocol": b"\x80\x63N.",
    "no_stop": b"\x80\x04N",
    "nothing": b"\x80\x04.",
    "underflow": b"\x80\x04R.",
    "no_mark": b"\x80\x04t.",
    "no_memo": b"\x80\x04h\x07.",
    "two_values": b"\x80\x04NN.",
    "negative_memo": b"p-1\n.",
    "bad_integer": b"I12x\n.",
    "bad_float": b"Fhello\n.",
    "bad_utf8": b"\x80\x04\x8c\x02\xff\xfe.",
    "append_to_nothing": b"\x80\x04NNa.",
    "setitem_on_list": b"\x80\x04]NNs.",
    "odd_setitems": b"\x80\x04}(Nu.",
    "bytes_of_exabytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
    "text_of_exabytes": b"\x80\x04\x8d" + struct.pack("<Q", (1 << 64) - 1) + b"x.",
    "array_of_exabytes": b"\x80\x05\x96" + struct.pack("<Q", 1 << 60) + b"x.",
    "bytes_of_gigabytes": b"\x80\x03B" + struct.pack("<I", 0xFFFFFFF0) + b"x.",
    "long_of_gigabytes": b"\x80\x02\x8b" + struct.pack("<i", 0x7FFFFFF0) + b"x.",
    "negative_long": b"\x80\x02\x8b" + struct.pack("<i", -4) + b"x.",
    "memo_of_billions": b"\x80\x02Nr" + struct.pack("<I", 0xFFFFFFFF) + b".",
    "frame_of_exabytes": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
    "deep_lists": b"\x80\x02" + b"]" * 10000 + b"a" * 9999 + b".",
    "deep_tuples": b"\x80\x02" + b"N" + b"\x85" * 100000 + b".",
    "deep_dicts": b"\x80\x02" + b"}N" * 10000 + b"N" + b"s" * 10000 + b".",
    "deep_pipelines": b"\x80\x02" + PIPELINE * 10000 + b"N" + b"\x86asb" * 10000 + b".",
    "million_marks": b"\x80\x02" + b"(" * 1000000 + b".",
    "million_values": b"\x80\x02" + b"N" * 1000000 + b".",
    "gzip_cut": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b",
    "xz_cut": b"\xfd7zXZ\x00\x00\x04",
    "zstd_cut": b"\x28\xb5\x2f\xfd\x24",
    "lz4_cut": b"\x04\x22\x4d\x18\x64\x40",
    "bzip2_cut": b"BZh91AY&SY",
    "zlib_cut": b"x\x9c\x4b",
}


def doubled(kind):
    """A value that holds itself twice, sixty times over: 2^60 elements in a few hundred bytes."""
    value = kind()
    for _ in range(60):
        value = {"a": value, "b": value} if kind is dict else kind([value, value])
    return value


def zip_bomb(size):
    """`size` zeros, compressed."""
    import gzip

    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return packed.getvalue()


def dumps(value, protocol=4):
    return pickle.dumps(value, protocol=protocol)
