# docs.sh: ./dev docs writes again the documents that come from tables and from results.

dev_docs() {
    need_packages python3
    python3 tools/make_errors.py
    python3 tools/make_settings.py
    if compgen -G 'tests/conformance/out/results-*.json' >/dev/null; then
        "$(need_venv sklearn-1.9.1)" -m tests.conformance.report
    else
        say "docs/conformance.md is left as it is: ./dev test --full makes its results"
    fi
    [ ! -f bench/results/latest.json ] || python3 bench/report.py
    say "written; 'meson test --suite tools' compares them with their sources"
}
