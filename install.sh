#!/usr/bin/env bash
# Install Inglenook on a machine without a clone of its repository; `install.sh --help` tells the options.
# It first prints everything that it is going to do, then asks.
set -euo pipefail

usage() {
    cat <<'END'
install.sh [--system | --user] [--yes] [--dry-run] [--from REQUIREMENT]

  --system       a service of the machine: /opt/inglenook, /var/lib/inglenook, a user of its own; needs root
  --user         a service of your own, beside your desktop's sound server
                 (without either: yours where a sound server runs in your session, else the machine's)
  --yes          do not ask
  --dry-run      print what would be done, and end
  --from WHAT    what pip installs instead of inglenook[voice]: a version, a wheel, a folder; may be given again

  PYTHON=python3.13  uses that Python, of 3.11 or newer
END
}

fail() {
    printf 'install.sh: %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

kind='' yes='' dry='' from=()
while (($#)); do
    case $1 in
    --system | --user) kind=${1#--} ;;
    --yes) yes=1 ;;
    --dry-run) dry=1 ;;
    --from) [[ $# -gt 1 ]] || fail "--from needs a value" "install.sh --help"; from+=("$2"); shift ;;
    -h | --help) usage; exit ;;
    *) fail "unknown option $1" "install.sh --help" ;;
    esac
    shift
done
((${#from[@]})) || from=('inglenook[voice]')

[[ -d /run/systemd/system ]] || fail "systemd does not run this machine" \
    "pip install 'inglenook[voice]' into an environment of yours, and start \`assistant run\` by what does"

# Of the person who called sudo, not of root: the sound server is theirs.
runtime=${XDG_RUNTIME_DIR:-/run/user/${SUDO_UID:-$EUID}}
((EUID == 0)) && [[ -n ${SUDO_UID:-} ]] && runtime=/run/user/$SUDO_UID
if [[ -z $kind ]]; then
    if [[ -S $runtime/pipewire-0 || -S $runtime/pulse/native ]]; then
        kind=user why="a session's sound server has the microphone ($runtime)"
    else
        kind=system why="no session's sound server is here: the service uses the sound card itself"
    fi
else
    why="as you asked"
fi

python=$(type -P "${PYTHON:-python3}") || fail "${PYTHON:-python3} is not installed" "Debian: apt install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" -V): 3.11 or newer is needed" "install one, and name it: PYTHON=python3.13 ./install.sh"

# What pip compiles PyAudio and llama.cpp with, and what leads PortAudio to a sound server.
missing=()
if command -v dpkg-query >/dev/null; then
    packages=(gcc g++ portaudio19-dev libasound2-plugins)
    [[ $(readlink -f "$python") == /usr/bin/* ]] && packages+=(python3-venv python3-dev)
    for package in "${packages[@]}"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
fi

if [[ $kind == system ]]; then
    [[ -n $dry ]] || ((EUID == 0)) || fail "the system service ($why) needs root" "sudo ./install.sh, or choose --user"
    environment=/opt/inglenook/versions/$(date +%Y-%m-%d)
else
    [[ -n $dry ]] || ((EUID != 0)) || [[ -z ${SUDO_UID:-} ]] || fail "your own service ($why) is not root's" "call it without sudo, or choose --system"
    environment=${XDG_DATA_HOME:-$HOME/.local/share}/inglenook/environment
fi
((EUID == 0)) && root=() || root=(sudo)

steps=()
step() { # step REASON COMMAND...
    printf '  %-34s %s\n' "$1" "${*:2}"
    steps+=("$(printf '%q ' "${@:2}")")
}
echo "Inglenook as a $kind service: $why."
echo "It is going to:"
if ((${#missing[@]})); then
    step "install system packages" "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends --no-remove "${missing[@]}"
fi
step "make an environment" "$python" -m venv "$environment"
step "install Inglenook (minutes)" "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "${from[@]}"
if [[ $kind == system ]]; then
    step "make the service and its user" "$environment/bin/assistant" service install --system --yes
else
    step "make the command yours" mkdir -p "$HOME/.local/bin"
    step "" ln -sf "$environment/bin/assistant" "$HOME/.local/bin/assistant"
    step "fetch the models" "$environment/bin/assistant" models pull
    linger=() # without a screen nobody logs in, and the service is to run all the same
    [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]] || linger=(--linger)
    step "make the service" "$environment/bin/assistant" service install --user --yes "${linger[@]}"
fi
[[ -z $dry ]] || exit 0
if [[ -z $yes ]]; then
    read -rp "Go on? [Y/n] " answer </dev/tty || fail "there is nobody to ask" "install.sh --yes"
    [[ ${answer:-y} == [yY]* ]] || exit 1
fi

umask 022
for command in "${steps[@]}"; do
    eval "$command" || fail "this failed: $command" "its own message is above; put that right and call install.sh again"
done
echo "Done. How it does: $environment/bin/assistant service status"
