# test.sh: ./dev test runs stages one after the other and sums what they report.
#
# A stage is a function stage_NAME. Its output goes to build-logs/NAME.log, from which the numbers
# of passed and failed tests are read; a stage that reports none counts as one test.

STAGES=(lint gcc clang asan tsan conformance_fixed_1_2 conformance_1_9
        conformance_old conformance_third_party asan_conformance differential e2e regress soak
        arm64)
STAGES_FULL=("${STAGES[@]}" conformance_1_2 conformance_1_3 conformance_1_4 conformance_1_5
             conformance_1_6 conformance_1_7 conformance_1_8 conformance_old_full conformance_wide
             third_party_full large o0 clang_full analyzer valgrind)

# meson_tests DIR [OPTION...]: runs the tests of a build directory, printing what fails.
meson_tests() {
    local dir=$1
    shift
    meson test -C "$dir" --no-rebuild --print-errorlogs "$@"
}

stage_lint() {
    lint_format
}

stage_gcc() {
    dev_build
    meson_tests "$BUILD_DIR"
}

stage_clang() {
    CC=clang CXX=clang++ meson_build build-clang --werror --buildtype=debugoptimized
    meson_tests build-clang --suite unit
}

build_asan() {
    export ASAN_OPTIONS=detect_stack_use_after_return=1
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    meson_build build-asan --buildtype=debugoptimized -Db_sanitize=address,undefined
}

stage_asan() {
    build_asan
    meson_tests build-asan --timeout-multiplier 4 --suite unit --suite fuzz
}

# The fixed suite alone: a drawn one is asked of the plain build. Its workers preload the sanitizer;
# tests that open the library in pytest's own process would end it.
stage_asan_conformance() {
    build_asan
    MC_SUITE=default run_pytest sklearn-1.9.1 build-asan tests/conformance/test_conformance.py \
        --sklearn 1.9.1
}

# ThreadSanitizer wants a fixed layout of the address space, where the machine lets us ask for it.
# What takes long and never starts a thread is left to the other sanitizers.
stage_tsan() {
    local fixed=()
    setarch -R true 2>/dev/null && fixed=(setarch -R)
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    meson_build build-tsan --buildtype=debugoptimized -Db_sanitize=thread
    "${fixed[@]}" meson test -C build-tsan --no-rebuild --print-errorlogs \
        --timeout-multiplier 8 --suite unit --no-suite one-thread
}

# run_pytest ENVIRONMENT BUILD ARGUMENT...: pytest with the programs of one build directory.
run_pytest() {
    local python build=$ROOT/$2
    python=$(need_venv "$1")
    shift 2
    MODELCACHED="$build/modelcached" MODELCACHE_BUILD="$build" \
        "$python" -m pytest -q --no-header -p no:cacheprovider "$@"
}

run_conformance() {
    run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/conformance --ignore tests/conformance/old \
        --sklearn "$1"
}

# stage_conformance_1_N checks one version of scikit-learn, the newest patch of each minor one: the
# fixed suite, and one that is drawn for this run. Its name ends the log: MC_SUITE=NAME ./dev test
# STAGE asks it again.
for version in 1.2.2 1.3.2 1.4.2 1.5.2 1.6.1 1.7.2 1.8.0 1.9.1; do
    minor=${version%.*}
    eval "stage_conformance_${minor/./_}() { dev_build && run_conformance $version; }"
done

# Twenty minutes are the limit of the default run: it draws a suite of the newest version only, and
# asks there, once, what has nothing to do with a version.
stage_conformance_fixed_1_2() {
    dev_build
    MC_SUITE=default run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/conformance/test_conformance.py \
        --sklearn 1.2.2
}

# Over a thousand rows a method: what docs/conformance.md says of each estimator.
stage_conformance_wide() {
    local python
    dev_build
    python=$(need_venv sklearn-1.9.1)
    MODELCACHE_BUILD="$ROOT/$BUILD_DIR" "$python" -m tests.conformance.wide
}

# Files of 0.18 to 1.1; with --full, the full sets of every old Python that this machine has: a line
# each for those that it has not.
stage_conformance_old() {
    dev_build
    run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/conformance/old
}

stage_conformance_old_full() {
    dev_build
    run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/conformance/old --full
}

stage_conformance_third_party() {
    dev_build
    run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/conformance/test_third_party.py --third-party new
}

stage_third_party_full() {
    dev_build
    run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/conformance/test_third_party.py \
        --third-party old --third-party middle --third-party new
}

# One seed, for what is found by others is named in docs/logs/ and not mended yet.
stage_differential() {
    dev_build
    differential 1.9.1 --seed 1 --minutes 0.17
}

stage_e2e() {
    local PROMTOOL
    PROMTOOL=$(need_promtool)
    export PROMTOOL
    dev_build
    local status=0
    run_pytest sklearn-1.9.1 "$BUILD_DIR" -n "$(n_jobs)" --dist loadfile -m 'not alone' \
        tests/e2e || status=1
    run_pytest sklearn-1.9.1 "$BUILD_DIR" -m alone tests/e2e || status=1
    return $status
}

# These measure no time: one process a core.
stage_regress() {
    dev_build
    run_pytest sklearn-1.9.1 "$BUILD_DIR" -n "$(n_jobs)" tests/regress
}

# A model of 6 GB where 7 are allowed.
stage_large() {
    dev_build
    MC_LARGE_MB=6000 run_pytest sklearn-1.9.1 "$BUILD_DIR" tests/e2e/test_large_models.py
}

stage_soak() {
    dev_soak 60
}

stage_o0() {
    CC=gcc CXX=g++ meson_build build-o0 --werror --buildtype=debug --optimization=0
    meson_tests build-o0 --timeout-multiplier 4
}

stage_clang_full() {
    CC=clang CXX=clang++ meson_build build-clang --werror --buildtype=debugoptimized
    meson_tests build-clang
}

# The product only: gcc 12 is wrong about structures that the tests return by value.
stage_analyzer() {
    CC=gcc CXX=g++ CFLAGS=-fanalyzer \
        meson_configure build-analyzer --werror --buildtype=debugoptimized
    ninja -C build-analyzer modelcached
}

stage_valgrind() {
    need_packages valgrind
    dev_build
    meson_tests "$BUILD_DIR" --timeout-multiplier 30 --suite unit \
        --wrapper 'valgrind -q --error-exitcode=99 --leak-check=full'
}

# Another architecture, under emulation: alignment, char's sign, and no x86 instruction by mistake.
stage_arm64() {
    need_arm64
    meson_build build-arm64 --cross-file tools/cross/aarch64.ini --buildtype=debugoptimized
    meson_tests build-arm64 --timeout-multiplier 20 --suite unit
}

need_arm64() {
    local name foreign=()
    if ! dpkg --print-foreign-architectures | grep -qx arm64; then
        as_root dpkg --add-architecture arm64
        as_root apt-get update -qq
    fi
    for name in "${PACKAGES_BUILD[@]}" libcmocka-dev; do
        case $name in lib* | zlib*) foreign+=("$name:arm64") ;; esac
    done
    need_packages qemu-user gcc-aarch64-linux-gnu g++-aarch64-linux-gnu "${foreign[@]}"
}

# sum_of PATTERN LOG: the sum of the first number in each part of the log that matches.
sum_of() {
    { grep -aoE "$1" "$2" || true; } | tr -cs '0-9\n' ' ' | awk '{ n += $1 } END { print n + 0 }'
}

# count_results LOG STATUS: sets `passed` and `failed`. Reads the summaries of meson ("Ok: 12")
# and pytest ("12 passed"), and the "ok - " lines of the small checks.
count_results() {
    local log=$1 status=$2
    passed=$(($(sum_of '^Ok: +[0-9]+' "$log") + $(sum_of '[0-9]+ passed' "$log")))
    passed=$((passed + $(grep -ac '^ok - ' "$log" || true)))
    failed=$(sum_of '^(Fail|Timeout|Unexpected Pass): +[0-9]+' "$log")
    failed=$((failed + $(sum_of '[0-9]+ (failed|errors?)( in |,)' "$log")))
    failed=$((failed + $(grep -ac '^not ok - ' "$log" || true)))
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    elif [ "$status" -eq 0 ] && [ $((passed + failed)) -eq 0 ]; then
        passed=1
    fi
}

# run_stage NAME: runs it, prints a line about it and, if it failed, the end of its log.
run_stage() {
    local name=$1 log=build-logs/$1.log started=$SECONDS status
    say "$name"
    set +e
    (set -e && "stage_$name") >"$log" 2>&1 </dev/null
    status=$?
    set -e
    count_results "$log" "$status"
    if [ "$status" -ne 0 ] || [ "$failed" -ne 0 ]; then
        [ "$failed" -eq 0 ] && failed=1
        tail -n 60 "$log"
        grep -a 'MC_SUITE=' "$log" || true
    fi
    printf '%-18s %5d passed, %3d failed   %4d s   %s\n' "$name" "$passed" "$failed" \
        $((SECONDS - started)) "$log"
    grep -a 'SKIPPED, NOT CHECKED' "$log" || true
    all_passed=$((all_passed + passed))
    all_failed=$((all_failed + failed))
}

# Beside the compilers: what the later stages of a whole run ask with comes over the network.
make_venvs_ahead() {
    local name
    for name in sklearn-1.9.1 sklearn-1.2.2 third-party-new; do
        need_venv "$name"
    done
}

dev_test() {
    local name names=("${STAGES[@]}") all_passed=0 all_failed=0 passed failed
    case ${1:-} in
        --full) names=("${STAGES_FULL[@]}") && shift ;;
        --list) printf '%s\n' "${STAGES_FULL[@]}" && return 0 ;;
    esac
    [ $# -gt 0 ] && names=("$@")
    for name in "${names[@]}"; do
        declare -F "stage_$name" >/dev/null || die "no stage '$name'; see ./dev test --list"
    done

    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
    export CC=gcc CXX=g++
    BUILD_DIR=build-gcc BUILD_OPTIONS+=(--werror)
    mkdir -p build-logs
    [ $# -gt 0 ] || make_venvs_ahead >build-logs/venvs.log 2>&1 </dev/null &
    for name in "${names[@]}"; do
        run_stage "$name"
    done
    echo "$all_passed passed, $all_failed failed"
    [ "$all_failed" -eq 0 ]
}
