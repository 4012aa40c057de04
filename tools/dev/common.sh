# common.sh: what the commands of ./dev share: messages, packages, Python environments.

PACKAGES_BUILD=(gcc g++ meson ninja-build pkgconf
    libmicrohttpd-dev libjansson-dev libxxhash-dev
    zlib1g-dev libbz2-dev liblzma-dev liblz4-dev libzstd-dev libpcre2-dev libgnutls28-dev)
PACKAGES_TEST=(clang clang-format libclang-rt-dev libcmocka-dev python3-venv curl)
PACKAGES_LINT=(clang clang-format clang-tidy cppcheck python3)
PACKAGES_BENCH=(nginx-light python3-venv)

say() {
    echo "==> $*" >&2
}

die() {
    echo "dev: $*" >&2
    exit 1
}

n_jobs() {
    nproc 2>/dev/null || echo 2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "not root and no sudo: please run as root: $*"
    fi
}

# Debian numbers the compiler's run-time library after the compiler: libclang-rt-14-dev.
package_name() {
    if [ "$1" = libclang-rt-dev ]; then
        local version
        version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-//p' | head -n 1)
        echo "libclang-rt-${version:-14}-dev"
    else
        echo "$1"
    fi
}

package_missing() {
    ! dpkg-query -W -f='${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed'
}

# need_packages NAME...: installs those that are missing; asks apt for lists only when it must.
need_packages() {
    local name missing=()
    command -v apt-get >/dev/null || return 0 # not Debian: meson will name what it misses
    for name in "$@"; do
        name=$(package_name "$name")
        if package_missing "$name"; then
            missing+=("$name")
        fi
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    local install=(apt-get install -y -qq --no-install-recommends "${missing[@]}")
    as_root "${install[@]}" >/dev/null 2>&1 && return 0
    as_root apt-get update -qq >/dev/null
    as_root "${install[@]}" >/dev/null
}

# A Python that scikit-learn 1.2 as well as 1.9 has wheels for: 3.11.
find_python() {
    local candidate
    for candidate in python3.11 "$HOME/.pyenv/shims/python3.11" python3; do
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            echo "$candidate"
            return 0
        fi
    done
    die "no Python 3 with venv found"
}

# need_promtool: unpacks Debian's promtool, without installing the service it comes with, and prints
# its path; nothing where that is not possible.
need_promtool() {
    local tool=.venvs/promtool/usr/bin/promtool
    if [ ! -x "$tool" ] && command -v apt-get >/dev/null; then
        say "fetching promtool"
        mkdir -p .venvs/promtool
        (cd .venvs/promtool && { apt-get download -qq prometheus || { as_root apt-get update -qq &&
            apt-get download -qq prometheus; }; } >/dev/null 2>&1 &&
            dpkg -x prometheus_*.deb . && rm -f prometheus_*.deb) || true
    fi
    [ ! -x "$tool" ] || echo "$ROOT/$tool"
}

# need_venv NAME: makes .venvs/NAME from tools/requirements/NAME.txt, once for each content of
# that file, and prints the path of its interpreter. Who comes second waits for who came first.
need_venv() {
    mkdir -p .venvs
    (flock 9 && make_venv "$1") 9>".venvs/$1.lock" >&2 || return 1
    echo "$ROOT/.venvs/$1/bin/python"
}

make_venv() {
    local venv=.venvs/$1 wanted=tools/requirements/$1.txt
    ! cmp -s "$wanted" "$venv/installed.txt" || return 0
    need_packages python3-venv
    say "making $venv"
    rm -rf "$venv"
    "$(find_python)" -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --no-compile --disable-pip-version-check -r "$wanted" &&
        cp "$wanted" "$venv/installed.txt"
}
