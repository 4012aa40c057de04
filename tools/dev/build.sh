# build.sh: ./dev build, and the build directories that the tests use.

# meson_configure DIR [OPTION...]: configures DIR, once for each set of options.
meson_configure() {
    local dir=$1
    shift
    local options="$* CC=${CC:-} CXX=${CXX:-} CFLAGS=${CFLAGS:-}" configured=""
    [ -f "$dir/build.ninja" ] && configured=$(cat "$dir/dev-options" 2>/dev/null || true)
    if [ "$configured" != "$options" ]; then
        rm -rf "$dir"
        meson setup "$dir" "$@"
        echo "$options" >"$dir/dev-options"
    fi
}

# meson_build DIR [OPTION...]: configures DIR if need be, then builds it.
meson_build() {
    meson_configure "$@"
    ninja -C "$1" -j "$(n_jobs)"
}

# Optimised, with debug information, and with the assertions on: what users run. ./dev test sets
# BUILD_DIR to the build that refuses every warning, and asks that one instead of making another.
BUILD_DIR=build
BUILD_OPTIONS=(--buildtype=debugoptimized -Db_pie=true)

dev_build() {
    need_packages "${PACKAGES_BUILD[@]}"
    meson_build "$BUILD_DIR" "${BUILD_OPTIONS[@]}" "$@" >&2
    say "built $BUILD_DIR/modelcached"
}

# The library of the same build alone: one unit and a link where one file was changed.
build_library() {
    meson_configure build "${BUILD_OPTIONS[@]}"
    meson compile -C build modelcache:shared_library
}
