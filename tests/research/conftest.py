"""Research's tests need the libraries of its extra: where they are not installed none of them is collected."""

from importlib.util import find_spec

if find_spec("pyarrow") is None:
    collect_ignore_glob = ["test_*.py"]
