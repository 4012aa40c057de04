/* test_pickle.c: every opcode by what it makes, and every refusal by what it says.
 *
 * The expectations are CPython's: pickle.loads() of the same bytes, printed as show_graph.h says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pickle/vm.h"
#include "show_graph.h"

typedef struct example {
    const char *pickle;
    size_t size;
    const char *want;
} example;

/* A literal may hold NUL bytes. */
#define EXAMPLE(pickle, want)            \
    {                                    \
        pickle, sizeof(pickle) - 1, want \
    }

static void check_reads(const example *e)
{
    char got[1024] = "";
    mc_arena arena;
    mc_error err = {.message = ""};
    mc_value *value = NULL;
    const mc_status status = read_graph(e->pickle, e->size, &arena, &value, &err);
    if (status == MC_OK)
        show_graph(value, got, sizeof got);
    else
        (void)mc_error_format(&err, got, sizeof got);
    mc_arena_fini(&arena);
    assert_string_equal(got, e->want);
}

static void check_refuses(const example *e)
{
    char got[1024] = "";
    mc_arena arena;
    mc_error err = {.message = ""};
    mc_value *value = NULL;
    assert_int_not_equal(read_graph(e->pickle, e->size, &arena, &value, &err), MC_OK);
    (void)snprintf(got, sizeof got, "%s: ", mc_status_name(err.status));
    (void)mc_error_format(&err, got + strlen(got), sizeof got - strlen(got));
    mc_arena_fini(&arena);
    assert_null(value);
    assert_string_equal(got, e->want);
}

#define CHECK_ALL(check, ...)                              \
    do {                                                   \
        static const example EXAMPLES[] = {__VA_ARGS__};   \
        for (size_t i = 0; i < MC_COUNT_OF(EXAMPLES); i++) \
            check(&EXAMPLES[i]);                           \
    } while (0)

/* --------------------------------------------------------------------------- plain values ---- */

static void constants_and_integers(void **state)
{
    (void)state;
    CHECK_ALL(check_reads, EXAMPLE("N.", "None"), EXAMPLE("\x88.", "True"),
              EXAMPLE("\x89.", "False"), EXAMPLE("I00\n.", "False"), EXAMPLE("I01\n.", "True"),
              EXAMPLE("I1\n.", "1"), EXAMPLE("I-12\n.", "-12"), EXAMPLE("I 7 \n.", "7"),
              EXAMPLE("I0x1F\n.", "31"), EXAMPLE("I0b101\n.", "5"), EXAMPLE("I0o17\n.", "15"),
              EXAMPLE("J\xff\xff\xff\xff.", "-1"), EXAMPLE("J\x00\x00\x00\x80.", "-2147483648"),
              EXAMPLE("K\xff.", "255"), EXAMPLE("M\xff\xff.", "65535"),
              EXAMPLE("L9223372036854775807L\n.", "9223372036854775807"),
              EXAMPLE("L-9223372036854775808\n.", "-9223372036854775808"),
              EXAMPLE("L9223372036854775808L\n.", "big 0x008000000000000000"),
              EXAMPLE("L-9223372036854775809L\n.", "big 0xff7fffffffffffffff"),
              EXAMPLE("\x8a\x00.", "0"), EXAMPLE("\x8a\x01\xff.", "-1"),
              EXAMPLE("\x8a\x02\x00\x80.", "-32768"), EXAMPLE("\x8a\x02\xff\x00.", "255"),
              EXAMPLE("\x8a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff.", "-1"),
              EXAMPLE("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", "big 0x010000000000000000"),
              EXAMPLE("\x8b\x01\x00\x00\x00\x85.", "-123"));
}

static void floats(void **state)
{
    (void)state;
    CHECK_ALL(check_reads, EXAMPLE("F1.5\n.", "1.5"), EXAMPLE("F-1e300\n.", "-1e+300"),
              EXAMPLE("F+3\n.", "3.0"), EXAMPLE("Finf\n.", "Infinity"),
              EXAMPLE("F-Infinity\n.", "-Infinity"), EXAMPLE("Fnan\n.", "NaN"),
              EXAMPLE("G\x3f\xf0\x00\x00\x00\x00\x00\x00.", "1.0"),
              EXAMPLE("G\xbf\xb9\x99\x99\x99\x99\x99\x9a.", "-0.1"));
}

static void text_and_bytes(void **state)
{
    (void)state;
    CHECK_ALL(check_reads, EXAMPLE("S'a\\x41\\n\\'\\101\\\\\\q'\n.", "'aA\n'A\\\\q'"),
              EXAMPLE("S\"two\" \r\n.", "'two'"), EXAMPLE("S'\\xff\\0'\n.", "b'ff00'"),
              EXAMPLE("T\x02\x00\x00\x00ok.", "'ok'"), EXAMPLE("U\x02\x80z.", "b'807a'"),
              EXAMPLE("Vplain\n.", "'plain'"), EXAMPLE("V\\u20ac\\U0001f600\xe9\n.", "'€😀é'"),
              EXAMPLE("Va\\\\u0041\\x\n.", "'a\\\\u0041\\x'"), EXAMPLE("V\n.", "''"),
              EXAMPLE("X\x03\x00\x00\x00\xe2\x82\xac.", "'€'"),
              EXAMPLE("\x8c\x04"
                      "long.",
                      "'long'"),
              EXAMPLE("\x8c\x03\xed\xa0\x80.", "'\xed\xa0\x80'"), /* a lone surrogate */
              EXAMPLE("\x8d\x01\x00\x00\x00\x00\x00\x00\x00x.", "'x'"),
              EXAMPLE("B\x01\x00\x00\x00\xff.", "b'ff'"),
              EXAMPLE("C\x02"
                      "ab.",
                      "b'6162'"),
              EXAMPLE("\x8e\x01\x00\x00\x00\x00\x00\x00\x00y.", "b'79'"),
              EXAMPLE("\x96\x01\x00\x00\x00\x00\x00\x00\x00z\x98.", "b'7a'"));
}

static void containers(void **state)
{
    (void)state;
    CHECK_ALL(check_reads, EXAMPLE("].", "[]"), EXAMPLE(").", "()"), EXAMPLE("}.", "{}"),
              EXAMPLE("\x8f.", "{set}"), EXAMPLE("(K\x01K\x02l.", "[1, 2]"),
              EXAMPLE("(K\x01K\x02t.", "(1, 2)"),
              EXAMPLE("(K\x01K\x02"
                      "d.",
                      "{1: 2}"),
              EXAMPLE("(\x91.", "{set}"), EXAMPLE("(K\x01\x91.", "{set: 1}"),
              EXAMPLE("]K\x01"
                      "aK\x02"
                      "a.",
                      "[1, 2]"),
              EXAMPLE("](K\x01K\x02"
                      "e(e(K\x03"
                      "e.",
                      "[1, 2, 3]"),
              EXAMPLE("}K\x01K\x02sK\x03Ns.", "{1: 2, 3: None}"),
              EXAMPLE("}(K\x01K\x02u.", "{1: 2}"), EXAMPLE("\x8f(K\x01K\x02\x90.", "{set: 1, 2}"),
              EXAMPLE("K\x01\x85.", "(1)"), EXAMPLE("K\x01K\x02\x86.", "(1, 2)"),
              EXAMPLE("K\x01K\x02K\x03\x87.", "(1, 2, 3)"));
}

static void stack_and_memo(void **state)
{
    (void)state;
    CHECK_ALL(check_reads,
              EXAMPLE("K\x01K\x02"
                      "0.",
                      "1"),
              EXAMPLE("K\x01(K\x02"
                      "1.",
                      "1"),
              EXAMPLE("K\x01(0.", "1"),
              EXAMPLE("K\x05"
                      "2\x86.",
                      "(5, 5)"),
              EXAMPLE("K\x05p3\n0g3\n.", "5"),
              EXAMPLE("K\x05q\x01"
                      "0h\x01.",
                      "5"),
              EXAMPLE("K\x05r\x00\x00\x00\x80"
                      "0j\x00\x00\x00\x80.",
                      "5"),
              EXAMPLE("K\x05p18446744073709551615\n0g18446744073709551615\n.", "5"),
              EXAMPLE("K\x01\x94K\x02\x94h\x00h\x01\x86.", "(1, 2)"),
              /* MEMOIZE counts distinct ids: 9, then 1 (0 was never used). */
              EXAMPLE("K\x07q\x09\x94h\x01.", "7"), EXAMPLE("K\x01q\x00K\x02q\x00h\x00.", "2"),
              EXAMPLE("]q\x00h\x00"
                      "a.",
                      "[[[[[[[[[[[[[...]]]]]]]]]]]]]"));
}

static void protocol_and_frames(void **state)
{
    (void)state;
    CHECK_ALL(check_reads, EXAMPLE("\x80\x05N.", "None"),
              EXAMPLE("\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", "None"),
              EXAMPLE("K\x01N. trailing bytes are ignored", "None"));
}

/* -------------------------------------------------------------------------------- objects ---- */

#define BASE "csklearn.base\nBaseEstimator\n"

static void names_and_objects(void **state)
{
    (void)state;
    CHECK_ALL(
        check_reads, EXAMPLE(BASE ".", "sklearn.base.BaseEstimator"),
        EXAMPLE("\x8c\x05numpy\x8c\x05log1p\x93.", "numpy.log1p"),
        EXAMPLE("cnumpy.core._multiarray_umath\nlog1p\n.", "numpy.core._multiarray_umath.log1p"),
        EXAMPLE("cnumpy._core.multiarray\nscalar\n.", "numpy.core.multiarray.scalar"),
        EXAMPLE("c__builtin__\nint\n.", "builtins.int"),
        EXAMPLE("csklearn.neighbors._kd_tree\nnewObj\n)R.", "sklearn.neighbors._kd_tree.newObj()"),
        EXAMPLE("cscipy.stats._continuous_distns\nuniform_gen\n)\x81.",
                "scipy.stats._continuous_distns.uniform_gen()"),
        EXAMPLE(BASE ")\x81.", "sklearn.base.BaseEstimator()"),
        EXAMPLE(BASE "K\x01\x85R.", "sklearn.base.BaseEstimator(1)"),
        EXAMPLE(BASE ")}\x92.", "sklearn.base.BaseEstimator()**{}"),
        EXAMPLE("(K\x01isklearn.base\nBaseEstimator\n.", "sklearn.base.BaseEstimator(1)"),
        EXAMPLE("(" BASE "K\x01o.", "sklearn.base.BaseEstimator(1)"),
        EXAMPLE(BASE ")\x81}U\x01"
                     "aK\x01s"
                     "bNb}b.",
                "sklearn.base.BaseEstimator() state {'a': 1} state None state {}"),
        EXAMPLE("ccollections\ndeque\n)R(K\x01K\x02"
                "eK\x03"
                "a.",
                "collections.deque() list [1, 2, 3]"),
        EXAMPLE("ccollections\nOrderedDict\n)R(K\x01K\x02u.",
                "collections.OrderedDict() dict {1: 2}"));
}

static void pythons_own_makers_become_plain_values(void **state)
{
    (void)state;
    CHECK_ALL(
        check_reads, EXAMPLE("c_codecs\nencode\n(V\xff\x80z\nVlatin1\ntR.", "b'ff807a'"),
        EXAMPLE("c_codecs\nencode\n(Vascii\nVlatin1\ntR.", "b'6173636969'"),
        EXAMPLE("c__builtin__\nbytes\n)R.", "b''"),
        EXAMPLE("cbuiltins\nbytearray\nC\x01"
                "a\x85R.",
                "b'61'"),
        EXAMPLE("cbuiltins\nbytearray\n(Va\nVlatin-1\ntR.", "b'61'"),
        EXAMPLE("c__builtin__\nset\n](K\x01K\x02"
                "e\x85R.",
                "{set: 1, 2}"),
        EXAMPLE("cbuiltins\nfrozenset\n)R.", "{set}"),
        /* A set made of a list keeps its items when the list grows, and the other way round. */
        EXAMPLE("](K\x01"
                "eq\x00"
                "0cbuiltins\nset\nh\x00\x85R(K\x02\x90h\x00(K\x03"
                "e\x86.",
                "({set: 1, 2}, [1, 3])"),
        EXAMPLE("ccopy_reg\n_reconstructor\n(" BASE "c__builtin__\nobject\nNtR.",
                "sklearn.base.BaseEstimator()"),
        EXAMPLE("ccopy_reg\n_reconstructor\n(csklearn.utils\nBunch\nc__builtin__\ndict\n}K\x01K"
                "\x02stR.",
                "sklearn.utils.Bunch() dict {1: 2}"),
        EXAMPLE("ccopyreg\n__newobj__\n(" BASE "K\x01tR.", "sklearn.base.BaseEstimator(1)"),
        EXAMPLE("ccopyreg\n__newobj_ex__\n(" BASE ")}tR.", "sklearn.base.BaseEstimator()**{}"),
        EXAMPLE("cbuiltins\ngetattr\n(" BASE ")\x81Vmethod\ntR.",
                "builtins.getattr(sklearn.base.BaseEstimator(), 'method')"));
}

/* ------------------------------------------------------------------------------- refusals ---- */

static void names_outside_the_table_are_refused(void **state)
{
    (void)state;
    CHECK_ALL(
        check_refuses,
        EXAMPLE("cos\nsystem\n(S'id'\ntR.",
                "unsupported: byte 0: GLOBAL: os.system is not a name that a model file may hold"),
        EXAMPLE("\x80\x04\x8c\x08"
                "builtins\x8c\x04"
                "eval\x93.",
                "unsupported: byte 18: STACK_GLOBAL: builtins.eval is not a name that a model file "
                "may hold"),
        EXAMPLE("(iposix\nsystem\n.",
                "unsupported: byte 1: INST: posix.system is not a name that a model file may hold"),
        EXAMPLE(
            "c__main__\nclean\n.",
            "unsupported: byte 0: GLOBAL: __main__.clean is not a name that a model file may "
            "hold (functions and classes of __main__ travel by name only: define it in a module "
            "that can be imported, or replace it)"),
        EXAMPLE(
            "csklearn.base\nBaseEstimator.__init__\n.",
            "unsupported: byte 0: GLOBAL: sklearn.base.BaseEstimator.__init__ is not a name that "
            "a model file may hold"),
        EXAMPLE("csklearnx.base\nX\n.",
                "unsupported: byte 0: GLOBAL: sklearnx.base.X is not a name that a model file may "
                "hold"),
        EXAMPLE("\x8c\x01"
                "aK\x01\x93.",
                "malformed: byte 5: STACK_GLOBAL: need two strings, found str and int"));
}

static void calls_of_what_is_no_class_are_refused(void **state)
{
    (void)state;
    CHECK_ALL(
        check_refuses,
        EXAMPLE("cnumpy\nload\n(S'x'\ntR.",
                "unsupported: byte 19: REDUCE: numpy.load is a function: a model file may refer to "
                "it, not call it"),
        EXAMPLE(
            "csklearn.utils\ngen_batches\n)\x81.",
            "unsupported: byte 28: NEWOBJ: sklearn.utils.gen_batches is a function: a model file "
            "may refer to it, not call it"),
        EXAMPLE("csklearn.utils\ngen_batches\n)}\x92.",
                "unsupported: byte 29: NEWOBJ_EX: sklearn.utils.gen_batches is a function: a model "
                "file may refer to it, not call it"),
        EXAMPLE(
            "(inumpy\nload\n.",
            "unsupported: byte 1: INST: numpy.load is a function: a model file may refer to it, "
            "not call it"),
        EXAMPLE(
            "(cnumpy\nload\no.",
            "unsupported: byte 13: OBJ: numpy.load is a function: a model file may refer to it, "
            "not call it"),
        EXAMPLE("(o.", "malformed: byte 1: OBJ: need a class above the MARK, found nothing"),
        EXAMPLE("K\x01)R.", "unsupported: byte 3: REDUCE: need a class, found int (int)"),
        EXAMPLE(BASE ")R)R.", "unsupported: byte 31: REDUCE: need a class, found object "
                              "(sklearn.base.BaseEstimator)"),
        EXAMPLE(BASE "]R.", "malformed: byte 29: REDUCE: need a tuple of arguments, found list"),
        EXAMPLE(BASE ")N\x92.",
                "malformed: byte 30: NEWOBJ_EX: need a dict of arguments, found None"),
        EXAMPLE("}}b.", "unsupported: byte 2: BUILD: need an object to give state to, found dict "
                        "(dict)"),
        EXAMPLE(BASE "}b.", "unsupported: byte 29: BUILD: need an object to give state to, found "
                            "name (sklearn.base.BaseEstimator)"),
        EXAMPLE("cbuiltins\ngetattr\n(" BASE "V_x\ntR.",
                "unsupported: byte 52: REDUCE: getattr of sklearn.base.BaseEstimator, \"_x\""),
        EXAMPLE("cbuiltins\ngetattr\n(cbuiltins\ngetattr\n(" BASE ")\x81Va\ntRVb\ntR.",
                "unsupported: byte 77: REDUCE: getattr of builtins.getattr, \"b\""),
        EXAMPLE("c_codecs\nencode\n)R.",
                "malformed: byte 17: REDUCE: _codecs.encode needs a string"),
        EXAMPLE("cbuiltins\nbytes\n(K\x05tR.",
                "unsupported: byte 20: REDUCE: bytes made of anything but bytes"),
        EXAMPLE("cbuiltins\nset\n(K\x05tR.",
                "unsupported: byte 18: REDUCE: a set made of anything but a list"),
        EXAMPLE("ccopyreg\n__newobj_ex__\n(" BASE "tR.",
                "malformed: byte 53: REDUCE: __newobj_ex__ needs a class, a tuple and a dict"),
        EXAMPLE("cbuiltins\ngetattr\n)R.",
                "malformed: byte 19: REDUCE: getattr needs an object and a name"),
        EXAMPLE("c_codecs\nencode\n(Va\nVrot13\ntR.",
                "unsupported: byte 28: REDUCE: _codecs.encode to anything but latin1"),
        EXAMPLE(
            "c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR.",
            "malformed: byte 34: REDUCE: character 0 is not Latin-1, so this text does not stand "
            "for bytes"),
        EXAMPLE("ccopyreg\n_reconstructor\n(cnumpy\nload\nN)tR.",
                "unsupported: byte 40: REDUCE: need a class as first argument, found numpy.load"));
}

static void what_points_outside_the_file_is_refused(void **state)
{
    (void)state;
    CHECK_ALL(
        check_refuses,
        EXAMPLE("N0P12\n.", "unsupported: byte 2: PERSID: persistent ids point outside the "
                            "file, to what cannot be known"),
        EXAMPLE("NQ.", "unsupported: byte 1: BINPERSID: persistent ids point outside the file, "
                       "to what cannot be known"),
        EXAMPLE("\x82\x07.", "unsupported: byte 0: EXT1: extension code 7: the registry of "
                             "codes is not part of the file"),
        EXAMPLE("\x83\x07\x01.", "unsupported: byte 0: EXT2: extension code 263: the registry "
                                 "of codes is not part of the file"),
        EXAMPLE("\x84\x07\x00\x00\x80.",
                "unsupported: byte 0: EXT4: extension code -2147483641: the registry of codes "
                "is not part of the file"),
        EXAMPLE("\x97.", "unsupported: byte 0: NEXT_BUFFER: out-of-band buffers are not part "
                         "of the file: dump without buffer_callback"));
}

static void damage_is_named_with_its_byte(void **state)
{
    (void)state;
    CHECK_ALL(
        check_refuses, EXAMPLE("", "truncated: byte 0: the pickle ends before its STOP opcode"),
        EXAMPLE("N", "truncated: byte 1: the pickle ends before its STOP opcode"),
        EXAMPLE("N\xff.", "malformed: byte 1: 0xff is not a pickle opcode"),
        EXAMPLE(".", "malformed: byte 0: STOP: needs 1 items on the stack, found 0"),
        EXAMPLE("N(.", "malformed: byte 2: STOP: needs 1 items on the stack, found 0"),
        EXAMPLE("0.", "malformed: byte 0: POP: nothing on the stack"),
        EXAMPLE("Nt.", "malformed: byte 1: TUPLE: needs a MARK on the stack, there is none"),
        EXAMPLE("(Ne.", "malformed: byte 2: APPENDS: needs 1 items on the stack, found 0"),
        EXAMPLE("N(\x85.", "malformed: byte 2: TUPLE1: needs 1 items on the stack, found 0"),
        EXAMPLE("X\x28\x00\x00\x00"
                "123456789012",
                "truncated: byte 5: need 40 bytes, 12 left / in BINUNICODE at byte 0"),
        EXAMPLE("\x8e\xff\xff\xff\xff\xff\xff\xff\xff",
                "truncated: byte 9: need 18446744073709551615 bytes, 0 left / in BINBYTES8 at byte "
                "0"),
        EXAMPLE("\x8b\xff\xff\xff\xff.",
                "malformed: byte 1: negative byte count / in LONG4 at byte 0"),
        EXAMPLE("I12", "truncated: byte 1: need a line, no newline follows / in INT at byte 0"),
        EXAMPLE("I1x\n.", "malformed: byte 0: INT: \"1x\" is not an integer"),
        EXAMPLE("L\n.", "malformed: byte 0: LONG: need an integer, found \"\""),
        EXAMPLE("F1.5x\n.", "malformed: byte 0: FLOAT: \"1.5x\" is not a float"),
        EXAMPLE("F--1\n.", "malformed: byte 0: FLOAT: \"--1\" is not a float"),
        EXAMPLE("Sx\n.", "malformed: byte 0: STRING: need a quoted string, found x"),
        EXAMPLE("S'\\x4'\n.", "malformed: byte 0: STRING: \\x needs two digits"),
        EXAMPLE("S'a\\'\n.", "malformed: byte 0: STRING: backslash at the end of a string"),
        EXAMPLE("V\\u12\n.", "malformed: byte 0: UNICODE: \\u needs 4 digits of a character"),
        EXAMPLE("V\\U00110000\n.", "malformed: byte 0: UNICODE: \\U needs 8 digits of a character"),
        EXAMPLE("\x8c\x01\x80.", "malformed: byte 0: SHORT_BINUNICODE: the text is not UTF-8"),
        EXAMPLE("\x8c\x02\xc0\x80.", "malformed: byte 0: SHORT_BINUNICODE: the text is not UTF-8"),
        EXAMPLE("h\x05.", "malformed: byte 0: BINGET: the memo has no entry 5"),
        EXAMPLE("g-1\n.", "malformed: byte 0: GET: \"-1\" is not a memo id"),
        EXAMPLE("g\n.", "malformed: byte 0: GET: need a memo id, found an empty line"),
        EXAMPLE("g18446744073709551616\n.",
                "malformed: byte 0: GET: \"18446744073709551616\" is not a memo id"),
        EXAMPLE("(Nd.", "malformed: byte 2: DICT: need pairs of key and value, found 1 items"),
        EXAMPLE("}(Nu.", "malformed: byte 3: SETITEMS: need pairs of key and value, found 1 items"),
        EXAMPLE("}Na.", "malformed: byte 2: APPEND: need a list below the items, found dict"),
        EXAMPLE("]NNs.", "malformed: byte 3: SETITEM: need a dict below the items, found list"),
        EXAMPLE("](N\x90.", "malformed: byte 3: ADDITEMS: need a set below the items, found list"),
        EXAMPLE("N\x98.", "malformed: byte 1: READONLY_BUFFER: need bytes, found None"),
        EXAMPLE("\x80\x06N.", "unsupported: byte 0: PROTO: pickle protocol 6, at most 5 is known"),
        EXAMPLE("\x95\x05\x00\x00\x00\x00\x00\x00\x00N.",
                "truncated: byte 0: FRAME: frame of 5 bytes, 2 left"));
}

/* ---------------------------------------------------------------------------------- graph ---- */

static mc_value *read_or_die(const char *pickle, size_t size, mc_arena *arena)
{
    mc_value *value = NULL;
    assert_int_equal(read_graph(pickle, size, arena, &value, NULL), MC_OK);
    return value;
}

static void attributes_come_from_the_last_state_that_has_them(void **state)
{
    (void)state;
    /* {"a": 1, "b": 2}; then (None, {"a": 3, "s": 5}); then ({"a": 4}, {}). */
    static const char PICKLE[] = BASE ")\x81}(U\x01"
                                      "aK\x01U\x01"
                                      "bK\x02"
                                      "ubN}(U\x01"
                                      "aK\x03U\x01sK\x05u\x86"
                                      "b}U\x01"
                                      "aK\x04s}\x86"
                                      "b.";
    mc_arena arena;
    const mc_value *object = read_or_die(PICKLE, sizeof PICKLE - 1, &arena);
    assert_int_equal(mc_value_attr(object, "a")->as.integer, 4);
    assert_int_equal(mc_value_attr(object, "b")->as.integer, 2);
    assert_int_equal(mc_value_attr(object, "s")->as.integer, 5);
    assert_null(mc_value_attr(object, "c"));
    assert_null(mc_value_attr(NULL, "a"));
    /* State that is no dict, nor a pair of them, has no attributes. */
    static const char THREE[] = BASE ")\x81NNN\x87"
                                     "b.";
    mc_arena other;
    assert_null(mc_value_attr(read_or_die(THREE, sizeof THREE - 1, &other), "a"));
    mc_arena_fini(&other);
    mc_arena_fini(&arena);
}

static void later_keys_win(void **state)
{
    (void)state;
    static const char PICKLE[] = "}(U\x01"
                                 "aK\x01K\x05NU\x01"
                                 "aK\x02u.";
    mc_arena arena;
    const mc_value *dict = read_or_die(PICKLE, sizeof PICKLE - 1, &arena);
    assert_int_equal(mc_dict_get(dict, "a")->as.integer, 2);
    assert_null(mc_dict_get(dict, "b"));
    assert_null(mc_dict_get(NULL, "a"));
    mc_arena_fini(&arena);
    static const char ORDERED[] = "ccollections\nOrderedDict\n)RU\x01"
                                  "aK\x03s.";
    dict = read_or_die(ORDERED, sizeof ORDERED - 1, &arena);
    assert_int_equal(mc_dict_get(dict, "a")->as.integer, 3);
    mc_arena_fini(&arena);
}

static void type_names_are_what_a_person_would_say(void **state)
{
    (void)state;
    char text[64];
    mc_arena arena;
    const mc_value *object = read_or_die(BASE ")\x81.", sizeof(BASE ")\x81.") - 1, &arena);
    assert_string_equal(mc_value_type_name(object, text, sizeof text),
                        "sklearn.base.BaseEstimator");
    assert_true(mc_value_is_a(object, "sklearn.base", "BaseEstimator"));
    assert_false(mc_value_is_a(object, "sklearn", "BaseEstimator"));
    assert_string_equal(mc_value_type_name(NULL, text, sizeof text), "None");
    mc_arena_fini(&arena);
}

static void every_opcode_has_one_row(void **state)
{
    (void)state;
    unsigned rows[256] = {0};
    size_t n = 0;
#define MC_OPCODE(byte, name, argument, pops, pushes, handler) rows[byte]++, n++;
#include "pickle/opcodes.def"
#undef MC_OPCODE
    for (size_t byte = 0; byte < MC_COUNT_OF(rows); byte++)
        assert_in_range(rows[byte], 0, 1);
    assert_int_equal(n, 68); /* len(pickletools.opcodes), CPython 3.11 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_and_integers),
        cmocka_unit_test(floats),
        cmocka_unit_test(text_and_bytes),
        cmocka_unit_test(containers),
        cmocka_unit_test(stack_and_memo),
        cmocka_unit_test(protocol_and_frames),
        cmocka_unit_test(names_and_objects),
        cmocka_unit_test(pythons_own_makers_become_plain_values),
        cmocka_unit_test(names_outside_the_table_are_refused),
        cmocka_unit_test(calls_of_what_is_no_class_are_refused),
        cmocka_unit_test(what_points_outside_the_file_is_refused),
        cmocka_unit_test(damage_is_named_with_its_byte),
        cmocka_unit_test(attributes_come_from_the_last_state_that_has_them),
        cmocka_unit_test(later_keys_win),
        cmocka_unit_test(type_names_are_what_a_person_would_say),
        cmocka_unit_test(every_opcode_has_one_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
