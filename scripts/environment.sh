# Sourced by the other scripts: makes .venv on first use and installs what setup.cfg asks for.
# After it, `python` is the environment's; everything runs in the project's folder.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      command -v "$name"
      return
    fi
  done
  echo "需要 Python 3.11 或更新版本" >&2
  exit 1
}

# install EXTRAS: brings .venv up to what setup.cfg says; does nothing when it is already.
install() {
  local extras=$1 stamp target wanted
  target=.${extras:+[$extras]}
  stamp=.venv/installed${extras:+-${extras//,/-}}
  wanted=$(cat setup.cfg pyproject.toml | cksum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    [ -x .venv/bin/python ] || "$(find_python)" -m venv .venv || exit 1
    echo "正在准备运行环境……" >&2
    PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --editable "$target" >&2 || exit 1
    echo "$wanted" >"$stamp"
  fi
  PATH=$PWD/.venv/bin:$PATH
}
