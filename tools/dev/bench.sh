# bench.sh: ./dev bench measures the daemon against its peers; `./dev bench budget` and
# `./dev bench loads` ask what the model cache promises. See bench/README.md.

dev_bench() {
    local python
    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_BENCH[@]}"
    dev_build
    python=$(need_venv bench)
    local module=bench
    case ${1:-} in
        budget | loads) module=bench.$1 && shift ;;
    esac
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" -m "$module" "$@"
}
