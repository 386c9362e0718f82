"""The code hash of a script depends on the modules that it imports, and on nothing else."""

import pytest

from readsight.wiring import code_hash


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    package = tmp_path / "readsight"
    (package / "models").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "direct.py": "from readsight import behind",
        "behind.py": "x = 1",
        "other.py": "x = 1",
        "models/__init__.py": "from readsight.models import cnn",
        "models/cnn.py": "x = 1",
    }.items():
        (package / name).write_text(text)
    (tmp_path / "step_one.py").write_text(
        "import numpy\nfrom readsight.direct import f\n\ndef g():\n    from readsight import models\n"
    )
    monkeypatch.setattr(code_hash, "SCRIPTS", tmp_path)
    clear_caches()
    yield tmp_path
    clear_caches()


def clear_caches():
    """Clear the caches, because files of the package change in these tests."""
    code_hash.find_modules.cache_clear()
    code_hash._read_imports.cache_clear()


def hash_after(scripts, name, text):
    (scripts / "readsight" / name).write_text(text)
    clear_caches()
    return code_hash.hash_code("step_one")


def test_direct_indirect_and_registered_modules_change_the_hash(scripts):
    first = code_hash.hash_code("step_one")
    assert hash_after(scripts, "behind.py", "x = 2") != first
    second = code_hash.hash_code("step_one")
    assert hash_after(scripts, "models/cnn.py", "x = 2") != second


def test_unimported_modules_do_not_change_the_hash(scripts):
    assert code_hash.hash_code("step_one") == hash_after(scripts, "other.py", "x = 2")


def test_pages_of_imported_modules_change_the_hash(scripts):
    (scripts / "readsight/pages").mkdir()
    first = code_hash.hash_code("step_one")
    assert hash_after(scripts, "pages/page.js", "let x = 1;") == first
    second = hash_after(scripts, "models/page.js", "let x = 1;")
    assert second != first
    assert hash_after(scripts, "models/page.js", "let x = 2;") != second
