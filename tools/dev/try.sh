# try.sh: ./dev try builds the library, then makes and checks the fixtures of a name alone: seconds,
# where the suites take minutes. For writing an estimator: CONTRIBUTING.md.

dev_try() {
    local python
    [ $# -gt 0 ] || die "which cases? ./dev try '^x_prep_binarizer' [VERSION...]"
    need_packages "${PACKAGES_BUILD[@]}"
    build_library >&2
    python=$(need_venv sklearn-1.9.1)
    MODELCACHE_BUILD="$ROOT/build" "$python" -m tests.conformance.attempt "$@"
}
