#!/usr/bin/env python3
"""The checks find what is planted, and nothing in a tree that keeps the rules."""

import pathlib
import tempfile
import unittest

import check_rooms
import check_words
import make_errors
import make_settings

HEADER = "/* h */\n#ifndef MC_{0}_H\n#define MC_{0}_H\nint mc_{1}(void);\n#endif\n"


class Tree(unittest.TestCase):
    """A small tree that keeps the rules; each test breaks one."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("include/modelcache.h", HEADER.format("MODELCACHE", "open"))
        for room in ("base", "pickle", "image", "cache", "serve", "api", "import"):
            self.write(f"src/{room}/README.md", room)
            self.write(f"src/{room}/{room}_x.h", HEADER.format(f"{room.upper()}_X", room))
            self.write(
                f"src/{room}/{room}_x.c",
                f'#include "{room}/{room}_x.h"\n#include "modelcache.h"\n'
                f"int mc_{room}(void)\n{{\n    return 0; /* never malloc() */\n}}\n",
            )

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def append(self, path, text):
        self.write(path, (self.root / path).read_text() + text)

    def assert_found(self, findings, *words):
        self.assertEqual(len(findings), 1, findings)
        for word in words:
            self.assertIn(word, findings[0])


class Rooms(Tree):
    def test_a_tree_that_keeps_the_arrows(self):
        self.append("src/cache/cache_x.c", '#include "image/image_x.h"\n#include <stdio.h>\n')
        self.append("src/api/api_x.c", '#include "pickle/pickle_x.h"\n')
        self.assertEqual(check_rooms.check(self.root), [])

    def test_an_arrow_against_the_table(self):
        self.append("src/cache/cache_x.c", '#include "pickle/pickle_x.h"\n')
        self.assert_found(check_rooms.check(self.root), "src/cache/cache_x.c:7", "pickle")

    def test_serve_sees_the_public_header_only(self):
        self.append("src/serve/serve_x.h", '#include "cache/cache_x.h"\n')
        self.assert_found(check_rooms.check(self.root), "room serve must not include")

    def test_base_looks_up_to_nobody(self):
        self.append("src/base/base_x.c", '#  include "image/image_x.h"\n')
        self.assert_found(check_rooms.check(self.root), "room base must not include")

    def test_a_path_that_climbs_out_of_its_room(self):
        self.append("src/cache/cache_x.c", '#include "../pickle/pickle_x.h"\n')
        self.assert_found(check_rooms.check(self.root), "room cache must not include")

    def test_a_folder_that_is_no_room(self):
        self.write("src/attic/old.c", "int mc_old;\n")
        self.assert_found(check_rooms.check(self.root), "src/attic/old.c", "no room")

    def test_rooms_within_import(self):
        self.write("src/import/sklearn/tree.h", HEADER.format("TREE", "tree"))
        self.write("src/import/file/source.c", '#include "import/sklearn/tree.h"\n')
        self.assert_found(check_rooms.check(self.root), "import/file must not", "import/sklearn")

    def test_a_library_in_another_room(self):
        self.append("src/serve/serve_x.c", "#include <microhttpd.h>\n")
        self.assertEqual(check_rooms.check(self.root), [])
        self.append("src/cache/cache_x.c", "#include <microhttpd.h>\n")
        self.assert_found(check_rooms.check(self.root), "cache", "microhttpd.h")

    def test_the_table_has_no_circle(self):
        for room, arrows in check_rooms.ARROWS.items():
            for other in arrows:
                self.assertNotIn(room, check_rooms.reach(other), f"{room} -> {other} -> {room}")


class Words(Tree):
    def test_a_tree_that_keeps_the_rules(self):
        self.append("src/base/base_x.c", 'const char *mc_text = "strcpy(a, b)";\n')
        self.append("src/base/base_x.c", "/* TODO(#12): nothing */\n")
        self.assertEqual(check_words.check(self.root), [])

    def test_banned_calls(self):
        for call in (
            "strcpy(a, b)",
            "sprintf(a, b)",
            "strtok(a, b)",
            "atoi(a)",
            "alloca(8)",
            "malloc(8)",
            "free (a)",
            "realloc(a, 8)",
        ):
            with self.subTest(call):
                self.write("src/base/bad.c", f"void mc_f(void)\n{{\n    {call};\n}}\n")
                name = call.split("(")[0].strip()
                self.assert_found(check_words.check(self.root), "src/base/bad.c:3", name)

    def test_names_that_only_end_like_banned_ones(self):
        self.append(
            "src/base/base_x.c", "void mc_f(void)\n{\n    mc_free(a);\n    snprintf(a);\n}\n"
        )
        self.assertEqual(check_words.check(self.root), [])

    def test_malloc_where_it_belongs(self):
        self.write("src/base/alloc.c", "void *mc_alloc(void)\n{\n    return malloc(1);\n}\n")
        self.assertEqual(check_words.check(self.root), [])

    def test_volatile(self):
        self.append("src/base/base_x.c", "static volatile int flag;\n")
        self.assert_found(check_words.check(self.root), "volatile")

    def test_todo_without_an_issue(self):
        self.append("src/base/base_x.c", "/* TODO: later */\n")
        self.assert_found(check_words.check(self.root), "TODO")

    def test_a_long_file(self):
        self.append("src/base/base_x.c", "\n" * 800)
        self.assert_found(check_words.check(self.root), "at most 800")

    def test_a_long_function(self):
        body = "    f();\n" * 71
        self.append("src/base/base_x.c", f"void mc_f(void)\n{{\n{body}}}\n")
        self.assert_found(check_words.check(self.root), "71 lines")

    def test_a_long_function_with_its_reason(self):
        body = "    f();\n" * 71
        self.append(
            "src/base/base_x.c",
            "/* NOLINT(readability-function-size): one loop, one case an opcode. */\n"
            f"void mc_f(void)\n{{\n{body}}}\n",
        )
        self.assertEqual(check_words.check(self.root), [])

    def test_two_files_of_one_name(self):
        self.write("src/image/base_x.h", HEADER.format("IMAGE_BASE_X", "x"))
        self.assert_found(check_words.check(self.root), "src/base/base_x.h, src/image/base_x.h")

    def test_include_guards(self):
        self.write("src/base/other.h", HEADER.format("BASE_X", "x"))
        self.assert_found(check_words.check(self.root), "MC_BASE_X_H", "OTHER_H")
        self.write("src/base/other.h", "int mc_x;\n")
        self.assert_found(check_words.check(self.root), "no include guard")

    def test_own_header_first(self):
        self.write("src/base/other.h", HEADER.format("OTHER", "x"))
        self.write("src/base/other.c", '#include <stdio.h>\n#include "base/other.h"\n')
        self.assert_found(check_words.check(self.root), "before its own other.h")

    def test_a_room_without_readme(self):
        (self.root / "src/image/README.md").unlink()
        self.assert_found(check_words.check(self.root), "src/image", "README")


class Errors(unittest.TestCase):
    def test_a_row_each_but_for_success(self):
        text = make_errors.document(
            '/* The request. */\nMC_STATUS(OK, 200, "fine")\nMC_STATUS(NOT_IT, 404, "gone")\n'
        )
        self.assertIn("## The request\n", text)
        self.assertIn("| `not_it` | 404 | gone |\n", text)
        self.assertNotIn("fine", text)


class Settings(unittest.TestCase):
    LINE = 'MC_PARAM(MAX_BODY, "max-body", SIZE, "64M", 1, UINT64_MAX, "A|B", "first, "\n         "second")\n'

    def test_a_line_of_a_table(self):
        (row,) = make_settings.table(self.LINE, "MC_PARAM")
        self.assertEqual(row["id"], "MAX_BODY")
        self.assertEqual(row["text"], "first, second")
        self.assertEqual(make_settings.range_of(row), "from 1")
        self.assertIn("| `--max-body A\\|B` | `64M` | from 1 | yes |", "".join(make_settings.options_table([row], {"MAX_BODY"})))

    def test_limits_as_people_write_them(self):
        self.assertEqual(make_settings.value_of("((size_t)64 << 30)"), "64G")
        self.assertEqual(make_settings.value_of("(1u << 24)"), "16M")
        self.assertEqual(make_settings.value_of("((size_t)1024)"), "1024")


if __name__ == "__main__":
    unittest.main()
