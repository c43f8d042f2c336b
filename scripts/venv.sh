# Sourced by the run scripts: a .venv in the project's folder with the packages of $1, made or brought up to date.
requirements=$1
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed; found $("$python" --version). Set PYTHON to one." >&2
  exit 1
}
[ -x .venv/bin/python ] || "$python" -m venv .venv
stamp=.venv/$requirements.sha256
sum=$(cat requirements*.txt | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ]; then
  echo "Installing $requirements into .venv …"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
  echo "$sum" >"$stamp"
fi
