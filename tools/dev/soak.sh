# soak.sh: ./dev soak keeps a daemon busy with everything at once, and counts what goes wrong.

dev_soak() {
    local python
    python=$(need_venv sklearn-1.9.1)
    dev_build
    MODELCACHED="$ROOT/$BUILD_DIR/modelcached" "$python" tools/soak.py --seconds "${1:-60}"
}
