# bench.sh: ./dev bench measures the daemon against its peers; see bench/README.md.

dev_bench() {
    local python
    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_BENCH[@]}"
    dev_build
    python=$(need_venv bench)
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" -m bench "$@"
}
