# docs.sh: ./dev docs writes again the documents that come from tables in the sources.

dev_docs() {
    need_packages python3
    python3 tools/make_errors.py
    say "written; 'meson test --suite tools' compares them with their sources"
}
