# fuzz.sh: ./dev fuzz runs each libFuzzer target for a while, under ASan and UBSan. What it finds
# goes to fuzz/corpus/ once it is mended, where every `./dev test` replays it.
# ./dev fuzz --differential asks scikit-learn and the library the same hostile rows instead
# (tests/conformance/differential/); what it finds is kept in tests/regress/ once it is mended.

# differential VERSION OPTION...: in the environment of that scikit-learn, one thread.
differential() {
    local python
    python=$(need_venv "sklearn-$1")
    shift
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0 MODELCACHE_BUILD="$ROOT/$BUILD_DIR" \
        "$python" -m tests.conformance.differential "$@"
}

# dev_fuzz_differential [--sklearn VERSION] OPTION...: e.g. --seed 7 --minutes 10 --log FILE
dev_fuzz_differential() {
    local version=1.9.1
    if [ "${1:-}" = --sklearn ]; then
        version=$2
        shift 2
    fi
    dev_build
    differential "$version" "$@"
}

dev_fuzz() {
    if [ "${1:-}" = --differential ]; then
        shift
        dev_fuzz_differential "$@"
        return
    fi
    local seconds=${1:-60} target name found
    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
    CC=clang CXX=clang++ meson_build build-fuzz --buildtype=debugoptimized -Dfuzz=true \
        -Db_sanitize=address,undefined -Db_lundef=false
    for target in build-fuzz/fuzz/fuzz_*; do
        [ -f "$target" ] && [ -x "$target" ] || continue
        name=$(basename "$target")
        found=build-fuzz/found/$name
        mkdir -p "$found"
        say "$name for $seconds s"
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
            "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="$found/" "$found" "fuzz/corpus/${name#fuzz_}"
    done
}
