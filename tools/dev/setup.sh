# setup.sh: ./dev setup installs what building and testing need, and nothing else.

dev_setup() {
    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}" "${PACKAGES_LINT[@]}"
    say "ready: ./dev build, ./dev run, ./dev test"
}
