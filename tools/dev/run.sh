# run.sh: ./dev run serves models in the foreground, and says what to paste.

# Options of the daemon that take no value; its table of options is asked.
run_flags() {
    echo "--help --version"
    sed -n 's/^MC_PARAM([A-Z_]*, "\([a-z-]*\)", FLAG.*/--\1/p' src/cli/params.def
}

# run_value OPTION DEFAULT ARGUMENT...: the value that these arguments give an option.
run_value() {
    local option=$1 value=$2 previous="" argument
    shift 2
    for argument in "$@"; do
        [ "$previous" = "$option" ] && value=$argument
        case $argument in "$option="*) value=${argument#*=} ;; esac
        previous=$argument
    done
    echo "$value"
}

# True if an argument is a PATH, and not an option or an option's value.
run_has_path() {
    local flags previous_takes_value=no argument
    flags=" $(run_flags | tr '\n' ' ') "
    for argument in "$@"; do
        case $argument in
            --*=*) previous_takes_value=no ;;
            -*) [[ $flags == *" $argument "* ]] && previous_takes_value=no || previous_takes_value=yes ;;
            *)
                [ "$previous_takes_value" = no ] && return 0
                previous_takes_value=no
                ;;
        esac
    done
    return 1
}

# run_hint_examples URL: a request that examples/ answers.
run_hint_examples() {
    cat >&2 <<HINT

  Serving examples/. In another terminal, paste:

    curl $1/predict -d '{"input": [5.1, 3.5, 1.4, 0.2]}'

  The answer is {"prediction": ["setosa"]}. More to ask: examples/README.md

HINT
}

dev_run() {
    local url
    dev_build
    url=http://$(run_value --host 127.0.0.1 "$@"):$(run_value --port 5000 "$@")
    if run_has_path "$@"; then
        case $url in *:0) ;; *) python3 tools/hint.py "$url" $$ & ;; esac
        exec build/modelcached "$@"
    fi
    run_hint_examples "$url"
    exec build/modelcached examples --preload --default iris "$@"
}
