# lint.sh: ./dev lint, everything that reads the sources without running them.

our_sources() {
    git ls-files -co --exclude-standard -- '*.c' '*.h' '*.cc' '*.def' | grep -v '\.def$'
}

lint_format() {
    need_packages clang-format
    our_sources | xargs clang-format --dry-run -Werror
    echo "ok - clang-format"
}

lint_tools() {
    local check
    for check in rooms words; do
        python3 "tools/check_$check.py"
        echo "ok - $check"
    done
}

# clang-tidy reads how each file is compiled from a build directory of clang's. One file
# a process: with several, clang 14's va_list check remembers the first and is wrong about the others.
lint_tidy() {
    local sources
    CC=clang CXX=clang++ meson_configure build-tidy --buildtype=debugoptimized >/dev/null
    sources=$(our_sources | grep '^src/.*\.c$')
    # shellcheck disable=SC2086
    printf '%s\n' ${*:-$sources} | xargs -P "$(n_jobs)" -n 1 clang-tidy -quiet -p build-tidy
    echo "ok - clang-tidy"
}

lint_cppcheck() {
    cppcheck --std=c11 --enable=warning,performance,portability --error-exitcode=1 --quiet \
        --inline-suppr --suppress=missingIncludeSystem -j "$(n_jobs)" -I src -I include \
        src
    echo "ok - cppcheck"
}

dev_lint() {
    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_LINT[@]}" libcmocka-dev
    local check failed=0
    for check in format tools cppcheck tidy; do
        say "$check"
        set +e
        (set -e && "lint_$check")
        [ $? -eq 0 ] || failed=1
        set -e
    done
    [ "$failed" -eq 0 ] || die "lint found something to mend"
}
