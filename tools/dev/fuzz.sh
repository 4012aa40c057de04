# fuzz.sh: ./dev fuzz runs each libFuzzer target for a while, under ASan and UBSan. What it finds
# goes to fuzz/corpus/ once it is mended, where every `./dev test` replays it.

dev_fuzz() {
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
