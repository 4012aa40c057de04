# run.sh: ./dev run serves models in the foreground, and first says what to paste.

# run_port ARGUMENT...: the port that these arguments ask for.
run_port() {
    local port=5000 previous=""
    for argument in "$@"; do
        [ "$previous" = --port ] && port=$argument
        case $argument in --port=*) port=${argument#--port=} ;; esac
        previous=$argument
    done
    echo "$port"
}

# run_hint PORT: requests that the models in examples/ answer.
run_hint() {
    cat >&2 <<HINT

  Serving examples/. In another terminal, paste:

    curl http://127.0.0.1:$1/models/iris/predict -d '{"input": [5.1, 3.5, 1.4, 0.2]}'

  The answer is {"prediction": ["setosa"]}. More to ask: examples/README.md

HINT
}

# True if an argument names a file or a directory, rather than an option or an option's value.
run_has_path() {
    local argument
    for argument in "$@"; do
        case $argument in -*) return 1 ;; esac
        [ -e "$argument" ] && return 0
    done
    return 1
}

dev_run() {
    dev_build
    if run_has_path "$@"; then
        exec build/modelcached "$@"
    fi
    run_hint "$(run_port "$@")"
    exec build/modelcached examples --preload --default iris "$@"
}
