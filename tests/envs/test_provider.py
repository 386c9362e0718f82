"""Environment files are valid for conda; the native provider supports their packages or lists those it cannot build."""

import re
import runpy
from pathlib import Path

import pytest
import yaml
from provider import debian, plan, pypi
from provider.plan import RefusalError, Wish
from provider.versions import satisfies

ENVS = Path(__file__).resolve().parents[2] / "envs"
FILES = sorted(ENVS.glob("*.yaml"))
NEED_CONDA = {"bwa-mem2", "deepvariant", "gatk"}
MATCH_SPEC = re.compile(r"[a-z0-9][a-z0-9._-]*( (>=|<=|==|!=|=|>|<)[0-9][0-9a-z.]*(,(>=|<=|!=|>|<)[0-9][0-9a-z.]*)*)?")

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def write_environment(folder: Path, *packages: str) -> Path:
    path = folder / "some.yaml"
    path.write_text("channels: [conda-forge]\ndependencies:\n" + "".join(f"  - {p}\n" for p in packages))
    return path


def split_dependencies(file: Path) -> tuple[list[str], list[str]]:
    """Conda packages of a file, and those of its `pip:` list, parsed as YAML."""
    listed = yaml.safe_load(file.read_text())["dependencies"]
    conda_packages = [item for item in listed if isinstance(item, str)]
    return conda_packages, [package for item in listed if isinstance(item, dict) for package in item["pip"]]


@each_file
def test_a_file_is_a_conda_specification(file):
    content = yaml.safe_load(file.read_text())
    assert set(content) == {"channels", "dependencies"}
    assert content["channels"] == ["conda-forge", "bioconda"], "conda-forge goes before bioconda"
    names = []
    conda_packages, pip_packages = split_dependencies(file)
    assert not pip_packages or "pip" in conda_packages, "conda installs the list with the pip of the environment"
    for package in conda_packages + pip_packages:
        assert isinstance(package, str) and MATCH_SPEC.fullmatch(package), package
        names.append(package.split()[0])
    assert len(names) == len(set(names))


@each_file
def test_python_range_suits_snakemake_and_package(file):
    (wanted,) = [p for p in split_dependencies(file)[0] if p.split()[0] == "python"]
    allowed = wanted.partition(" ")[2]
    assert satisfies("3.11.2", allowed) and not satisfies("3.10.14", allowed)


@each_file
def test_dependency_parser_agrees_with_yaml(file):
    assert plan.parse_dependencies(file) == split_dependencies(file)


@each_file
def test_native_provider_knows_packages_or_requires_conda(file):
    if file.stem in NEED_CONDA:
        with pytest.raises(RefusalError, match="without conda"):
            plan.read_plan(file)
    else:
        plan.read_plan(file)


def test_a_package_has_one_range_in_all_files():
    ranges: dict[str, set[str]] = {}
    for file in FILES:
        for package in sum(split_dependencies(file), []):
            name, _, wanted = package.partition(" ")
            ranges.setdefault(name, set()).add(wanted)
    assert {name: version_ranges for name, version_ranges in ranges.items() if len(version_ranges) > 1} == {}


def test_an_unknown_package_is_refused_by_name(tmp_path):
    with pytest.raises(RefusalError, match="some.yaml: bowtie9 >=2 is not a package"):
        plan.read_plan(write_environment(tmp_path, "python", "bowtie9 >=2", "samtools"))


def test_all_refusals_are_reported_at_once(tmp_path):
    with pytest.raises(RefusalError) as refusal:
        plan.read_plan(write_environment(tmp_path, "bowtie9", "gatk4"))
    lines = str(refusal.value).splitlines()
    assert len(lines) == 3
    assert "bowtie9" in lines[0] and "gatk4" in lines[1] and "python is missing" in lines[2]


@pytest.mark.parametrize("line", ["samtools=1.16=h1234_0", "samtools >=one", "samtools [version='>=1']", "pip:"])
def test_unsupported_specifications_are_refused(tmp_path, line):
    with pytest.raises(RefusalError, match="some.yaml"):
        plan.read_plan(write_environment(tmp_path, "python", line))


@pytest.mark.parametrize(
    "line, wanted", [("samtools=1.16", "=1.16"), ("bioconda::samtools >=1.16,<2", ">=1.16,<2"), ("'samtools'", "")]
)
def test_package_specifications_are_parsed(tmp_path, line, wanted):
    (item,) = plan.read_plan(write_environment(tmp_path, "python", line)).debian
    assert (item.name, item.wanted) == ("samtools", wanted)


def test_a_change_of_the_table_changes_the_plan(tmp_path, monkeypatch):
    file = write_environment(tmp_path, "python", "samtools")
    before = plan.read_plan(file).digest()
    assert plan.read_plan(file).digest() == before
    changed = plan.load_package_table()
    changed["debian"]["samtools"] = {"package": "samtools-next"}
    monkeypatch.setattr(plan, "load_package_table", lambda: changed)
    assert plan.read_plan(file).digest() != before


@pytest.fixture
def machine(monkeypatch):
    """A Debian machine with samtools 1.16.1 installed and bcftools 1.9 available; calls of apt are recorded."""
    installed, offered, calls = {"samtools": "1.16.1-1"}, {"bcftools": "1:1.9+ds-1", "bwa": "0.7.17-7+b2"}, []

    def apt(*arguments):
        calls.append(arguments)
        installed.update({package: offered[package] for package in arguments if package in offered})

    monkeypatch.setattr(debian, "find_installed_version", installed.get)
    monkeypatch.setattr(debian, "find_candidate_version", lambda package: installed.get(package) or offered.get(package))
    monkeypatch.setattr(debian, "_run_apt", apt)
    monkeypatch.setattr(debian.shutil, "which", lambda name: f"/usr/bin/{name}")
    return calls


def make_wish(name: str, wanted: str = "") -> Wish:
    return Wish(name, wanted, {"package": name})


def test_installed_matching_packages_need_no_apt(machine):
    debian.ensure_installed([make_wish("samtools", ">=1.16,<2")])
    assert machine == []


def test_installed_version_outside_range_is_refused(machine):
    with pytest.raises(RefusalError, match=r"samtools: Debian has 1\.16\.1 \(samtools 1\.16\.1-1\), wanted >=1\.17"):
        debian.ensure_installed([make_wish("samtools", ">=1.17")])


def test_candidate_version_outside_range_is_refused_before_install(machine):
    with pytest.raises(RefusalError, match=r"bcftools: Debian has 1\.9 .*wanted >=1\.16"):
        debian.ensure_installed([make_wish("bwa"), make_wish("bcftools", ">=1.16")])
    assert machine == []


def test_missing_packages_are_installed_in_one_call(machine):
    debian.ensure_installed([make_wish("bwa", ">=0.7.17"), make_wish("bcftools"), make_wish("samtools")])
    assert machine == [("install", "--yes", "--no-install-recommends", "bcftools", "bwa")]


def test_package_lists_are_updated_for_unknown_packages(machine):
    with pytest.raises(RefusalError, match="delly is not in the sources of apt"):
        debian.ensure_installed([make_wish("delly")])
    assert machine == [("update",)]


def test_torch_is_installed_first_in_its_fixed_version():
    first, together, without_dependencies = pypi.sort_requirements(plan.read_plan(ENVS / "learn.yaml").pypi)
    assert first == ["torch==2.13.0"]
    assert "torch==2.13.0" in together, "later installations must not replace it"
    assert any(r.startswith("lightning>=") for r in together) and without_dependencies == []


def test_a_fixed_version_outside_the_range_is_refused(tmp_path):
    with pytest.raises(RefusalError, match=r"pytorch: only version 2\.13\.0 .* wanted >=3"):
        pypi.sort_requirements(plan.read_plan(write_environment(tmp_path, "python", "pytorch >=3")).pypi)


def test_unavailable_python_error_lists_available_ones():
    with pytest.raises(RefusalError, match=r"python >=4 is not on this machine \(.* is 3\."):
        pypi.find_interpreter(">=4")


def test_placeholder_modules_raise_import_error():
    """Truvari imports these modules, but only some of its commands use them."""
    folder = ENVS / "native/modules"
    with pytest.raises(ImportError, match="pyabpoa.msa_aligner is not available"):
        runpy.run_path(str(folder / "pyabpoa.py"))["__getattr__"]("msa_aligner")
    with pytest.raises(ImportError, match="WavefrontAligner is not available"):
        runpy.run_path(str(folder / "pywfa/align.py"))["WavefrontAligner"]("ACGT")


def test_tabix_module_includes_both_ends(tmp_path):
    pysam = pytest.importorskip("pysam")
    (tmp_path / "a.bed").write_text("chr1\t0\t10\tfirst\nchr1\t10\t20\tsecond\nchr2\t5\t6\tother\n")
    path = pysam.tabix_index(str(tmp_path / "a.bed"), preset="bed")
    tabix = runpy.run_path(str(ENVS / "native/modules/tabix.py"))
    names = lambda *region: [line[3] for line in tabix["open"](path).query(*region)]  # noqa: E731
    assert names("chr1", 10, 10) == ["first"] and names("chr1", 11, 11) == ["second"]
    assert names("chr1", 10, 11) == ["first", "second"]
    with pytest.raises(tabix["TabixError"]):
        names("chr9", 1, 2)


def test_only_wheels_are_installed():
    assert "--only-binary=:all:" in pypi.OPTIONS
