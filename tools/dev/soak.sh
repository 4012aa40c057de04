# soak.sh: ./dev soak keeps a daemon busy with everything at once and watches its memory.

dev_soak() {
    local python
    dev_build
    python=$(need_venv sklearn-1.9.1)
    "$python" tools/soak.py --daemon build/modelcached --seconds "${1:-60}"
}
