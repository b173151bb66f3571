# Sourced by lib.sh and javalib.sh.
# need_apt PACKAGE...: installs those that are missing
need_apt() {
  local p missing=() sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  for p; do dpkg -s "$p" 2>/dev/null | grep -q '^Status: install ok' || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && return
  { $sudo apt-get update -qq; DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /dev/null 2>&1 || die "apt-get install ${missing[*]} failed"
}

