# soak.sh: ./dev soak keeps a daemon busy with everything at once and watches its memory.

dev_soak() {
    need_packages python3
    dev_build
    python3 tools/soak.py --seconds "${1:-60}"
}
