#!/usr/bin/env python3
"""The library from outside: what it exports, and a C program that is built against its installation.

    test_library.py SOURCE_ROOT BUILD_ROOT LIBRARY CC...
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, LIBRARY = (pathlib.Path(arg) for arg in sys.argv[1:4])
CC = sys.argv[4:]
IRIS = SOURCE / "examples" / "iris.pkl"
ROW = ["5.1", "3.5", "1.4", "0.2"]


def run(*command, **more):
    """Runs to success and returns what was printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def declared():
    """The functions that modelcache.h marks MC_API."""
    text = (SOURCE / "include" / "modelcache.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"\bMC_API\b[^;(]*?\b(mc_\w+)\(", text))


def exported():
    lines = run("nm", "-D", "--defined-only", LIBRARY).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


class Symbols(unittest.TestCase):
    def test_exports_the_header_and_nothing_else(self):
        self.assertGreater(len(declared()), 30)
        self.assertEqual(exported(), declared())

    def test_both_libraries_lie_where_the_contract_says(self):
        self.assertTrue((BUILD / "libmodelcache.so").is_file())
        self.assertTrue((BUILD / "libmodelcache.a").is_file())


class Program(unittest.TestCase):
    """examples/c/predict.c, against the build directory and against an installation."""

    def build_and_run(self, scratch, environment, *pkg_config):
        flags = run("pkg-config", *pkg_config, "--cflags", "--libs", "modelcache",
                    env=environment).split()
        program = scratch / "predict"
        run(*CC, "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", program,
            SOURCE / "examples" / "c" / "predict.c", *flags)
        return program

    def check(self, program, environment):
        self.assertEqual(run(program, IRIS, *ROW, env=environment), "setosa\n")
        self.assertEqual(run(program, IRIS, "6.3", "3.3", "6.0", "2.5", env=environment),
                         "virginica\n")
        missing = subprocess.run([program, "no-such.pkl"], capture_output=True, text=True,
                                 env=environment)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("no-such.pkl", missing.stderr)

    def test_uninstalled(self):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(BUILD), LD_LIBRARY_PATH=str(BUILD))
        with tempfile.TemporaryDirectory() as folder:
            self.check(self.build_and_run(pathlib.Path(folder), environment), environment)

    def install(self, root):
        """Installs below `root`; returns its pkg-config folder, and the prefix in there."""
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root, "--quiet")
        headers = list(root.rglob("modelcache.h"))
        self.assertEqual(len(headers), 1)
        self.assertEqual([h.name for h in headers[0].parent.iterdir()], ["modelcache.h"])
        found = next(root.rglob("modelcache.pc"))
        return found.parent, headers[0].parent.parent

    def test_installed_shared_and_static(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            pkg_config, prefix = self.install(root)
            environment = dict(os.environ, PKG_CONFIG_PATH=str(pkg_config),
                               LD_LIBRARY_PATH=str(pkg_config.parent))
            moved = f"--define-variable=prefix={prefix}"
            program = self.build_and_run(root, environment, moved)
            self.assertIn("libmodelcache.so.0", run("ldd", program, env=environment))
            self.check(program, environment)

            next(root.rglob("libmodelcache.so")).unlink()  # now -lmodelcache finds the archive
            del environment["LD_LIBRARY_PATH"]
            program = self.build_and_run(root, environment, moved, "--static")
            self.assertNotIn("libmodelcache", run("ldd", program, env=environment))
            self.check(program, environment)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
