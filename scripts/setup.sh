# Sourced by ./run, ./test and bench/run. Makes .venv in the checkout hold what requirements/*.txt pin, and Keepclear
# itself in editable form, and builds the console. When all that is done, this is one comparison of two small files, and
# one look at the times in web/. The peers of bench/ have an environment of their own, bench/.venv, made in the same way.
#
# The caller sets `root`, the checkout's absolute path, and calls `set_up run`, `set_up test` or `set_up bench`.
#
# What may be lying there, and what happens then:
#
#   nothing                                   made
#   complete for this purpose, nothing newer  left alone
#   complete for `run`, and `test` is asked   added to
#   ours, but unfinished, outdated or moved   thrown away and made again
#   a .venv without our mark                  not touched: we say so and stop
#
# The order of writes is the whole of the recovery: mark, environment, packages, stamp. A stop between any two leaves a
# mark without a stamp, which is "unfinished". The stamp is written beside its place and renamed.
#
# Everything said here goes to stderr; stdout belongs to the program that is started afterwards.

say() { printf 'keepclear set-up: %s\n' "$*" >&2; }

stop() {
    say "$@"
    exit 2
}

set_up() { # run | test | bench
    venv=$root/.venv
    if [ "$1" = bench ]; then venv=$root/bench/.venv; fi
    mark=$venv/keepclear-mark
    if is_complete "$1" && { [ "$1" = bench ] || ! console_is_due; }; then return; fi

    # Two first starts at once: the second waits here, then finds the work done. Without flock (macOS) they may collide;
    # the next start repairs that.
    exec 9<"$root/scripts/setup.sh"
    if command -v flock >/dev/null 2>&1; then flock 9; fi

    if ! is_complete "$1"; then
        if [ "$1" = test ] && is_complete run && can_add; then
            say "adding what the tests need to .venv"
            rm -f "$venv"/keepclear-stamp-*
            install_into_venv test || no_luck
        else
            make_anew "$1"
        fi
        warm
        write_stamp run
        if [ "$1" != run ]; then write_stamp "$1"; fi
        say "done"
    fi
    if [ "$1" != bench ]; then console; fi
    exec 9<&-
}

# What .venv was made from. Kept as the text itself rather than a digest of it: comparing needs no tool but cmp. The
# first lines name the place and the interpreter, since a moved checkout or a new system Python makes it useless.
stamp_text() {
    printf '%s\n' "$root"
    readlink -f "$venv/bin/python"
    cat "$root/scripts/setup.sh" "$root/pyproject.toml" "$root/requirements/$1.txt"
}

is_complete() { [ -x "$venv/bin/python" ] && stamp_text "$1" | cmp -s - "$venv/keepclear-stamp-$1"; }

write_stamp() {
    stamp_text "$1" >"$venv/stamp.part"
    mv "$venv/stamp.part" "$venv/keepclear-stamp-$1"
}

make_anew() {
    find_python
    clear_away
    say "first start, or something changed: setting up $venv with $("$python" --version)"
    if command -v uv >/dev/null 2>&1; then
        if lay_mark && uv venv --quiet --allow-existing --python "$python" "$venv" >&2 && install_into_venv "$1"; then
            return
        fi
        say "uv did not succeed; trying again with pip"
        clear_away
    fi
    can_make_venv || stop_for_lack_of_venv
    lay_mark && "$python" -m venv "$venv" >&2 && install_into_venv "$1" || no_luck
}

lay_mark() {
    mkdir -p "$venv" && echo "Made by ./run, ./test or bench/run, which may delete this directory and make it again." >"$mark"
}

clear_away() {
    rmdir "$venv" 2>/dev/null || true
    if [ -e "$venv" ] && [ ! -e "$mark" ]; then
        stop "$venv was not made by ./run, ./test or bench/run. Move it away and start again."
    fi
    # The mark goes last: a stop on the way leaves something that is still known to be ours.
    if [ -e "$venv" ]; then find "$venv" -mindepth 1 -maxdepth 1 ! -name keepclear-mark -exec rm -rf {} +; fi
    rm -rf "$venv"
}

no_luck() {
    stop "not finished; the reason stands above. The first start needs a network. The next start begins afresh."
}

# Hashes are checked, nothing is compiled, and Keepclear's own build uses the pinned backend installed a moment before.
install_into_venv() { # run | test | bench
    say "installing the packages pinned in requirements/$1.txt; it takes a minute or two, and says nothing more unless it fails"
    if [ -x "$venv/bin/pip" ]; then
        pip_install --quiet --quiet --only-binary :all: --require-hashes -r "$root/requirements/$1.txt" &&
            KEEPCLEAR_WITHOUT_CONSOLE=1 pip_install --quiet --no-deps --no-build-isolation --editable "$root"
    else
        uv_install --quiet --only-binary :all: --require-hashes -r "$root/requirements/$1.txt" &&
            KEEPCLEAR_WITHOUT_CONSOLE=1 uv_install --quiet --no-deps --no-build-isolation --editable "$root"
    fi
}

# --- the console ---

# A step of its own, so that a change in web/ makes nothing else anew. Keepclear works without a console; so where it cannot be built, that
# is said, and tried again when something in web/ changes or an hour has passed.

not_built() { printf '%s\n' "$venv/console-not-built"; }

console_is_due() {
    built=$root/src/keepclear/_console/built-from
    if [ -e "$built" ]; then
        something_in_web_is_newer_than "$built" || return 1
    fi
    [ ! -e "$(not_built)" ] || [ -n "$(find "$(not_built)" -mmin +60)" ] || something_in_web_is_newer_than "$(not_built)"
}

# Times only say that it is worth a look; whether anything has changed is decided by content, in build_console.py.
something_in_web_is_newer_than() {
    [ -n "$(find "$root/web" -name node_modules -prune -o -newer "$1" -print 2>/dev/null | head -n 1)" ]
}

console() {
    console_is_due || return 0
    if build_console; then
        rm -f "$(not_built)"
    else
        say "Keepclear works without its console. To try again at once: $venv/bin/python $root/scripts/build_console.py"
        : >"$(not_built)"
    fi
}

build_console() {
    code=0
    "$venv/bin/python" "$root/scripts/build_console.py" --silent-without-node >&2 || code=$?
    if [ "$code" -ne 3 ]; then return "$code"; fi
    say "installing the Node.js pinned in requirements/console.txt (60 MB), which builds the console"
    if [ -x "$venv/bin/pip" ]; then
        pip_install --quiet --retries 2 --only-binary :all: --require-hashes -r "$root/requirements/console.txt" || return
    else
        uv_install --quiet --only-binary :all: --require-hashes -r "$root/requirements/console.txt" || return
    fi
    "$venv/bin/python" "$root/scripts/build_console.py" >&2
}

# Kernels are compiled once, into the user's cache folder, so that the first watch need not wait. Without it they are
# compiled when they are first called.
warm() { PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -m keepclear.cli.warming >/dev/null || say "the kernels could not be compiled ahead"; }

pip_install() { PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install "$@" >&2; }

uv_install() { uv pip install --python "$venv/bin/python" "$@" >&2; }

# An environment that uv made holds no pip; without uv on the PATH any more, nothing can be added to it.
can_add() { [ -x "$venv/bin/pip" ] || command -v uv >/dev/null 2>&1; }

# --- which Python ---

# The pinned wheels exist for these versions; `python3` is asked first because it is the one people expect.
find_python() {
    fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c "$fits" 2>/dev/null; then return; fi
    done
    if command -v python3 >/dev/null 2>&1; then
        stop "needs Python 3.11 to 3.14, and python3 here is $(python3 --version 2>&1)." \
            "On Debian or Ubuntu: apt install python3.11 python3.11-venv"
    fi
    stop "needs Python 3.11 to 3.14, and there is no python3 here." \
        "On Debian or Ubuntu: apt install python3 python3-venv"
}

can_make_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }

stop_for_lack_of_venv() {
    stop "$python is here, but its venv module is not (Debian and Ubuntu package it separately)." \
        "Install it and start again: apt install $python-venv"
}
