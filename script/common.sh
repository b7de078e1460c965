# What the scripts beside this file share; sourced, not run.
# Gives: $root, $cache, $binary, say, note, stop, took, and tools on the PATH.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/citybrain"
target="${CARGO_TARGET_DIR:-$root/target}"
binary="$target/debug/citybrain"
export PATH="$HOME/.cargo/bin:$PATH"
mkdir -p "$cache"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' plain=''
fi

# A step that begins.
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }

# A remark on it.
note() { printf '%s    %s%s\n' "$dim" "$*" "$plain"; }

# The end, with the reason.
stop() {
  printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
  exit 1
}

# Seconds as people say them: 75 -> 1 min 15 s.
took() {
  if [ "$1" -ge 60 ]; then printf '%d min %d s' $(($1 / 60)) $(($1 % 60)); else printf '%d s' "$1"; fi
}
