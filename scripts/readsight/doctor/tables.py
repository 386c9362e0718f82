"""What tables and tasks on samples will meet, seen before any job: from names, headers and metadata alone.

With the standard library alone. What stands in HDF5 is not looked into; the jobs check it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from readsight.checks import contrast
from readsight.checks.batch_confounding import perfect
from readsight.checks.class_column import too_many
from readsight.checks.group_sizes import batches, fewest, of_batch
from readsight.config import sample_sheet
from readsight.config.key_locations import Places
from readsight.config.tables import Table
from readsight.config.tasks import Task
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.expression import metadata
from readsight.expression.matrices import header, orientation, sample_names
from readsight.expression.matrices.header import Head
from readsight.text import nearest
from readsight.wiring.project import Project

SHOWN = 4
GROUPS = ("donor", "patient")
Say = Callable[[str, str], None]


@dataclass
class Seen:
    """What was found. members: modality → its samples, None where they cannot be told here. said: sample → its columns."""

    members: dict[str, list[str] | None] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether all that is said of samples is known here."""
        return None not in self.members.values()

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for said in self.said.values() for column in said))


def files(project: Project) -> list[tuple[str, str]]:
    """(key, path) of the files of tables and of metadata."""
    c = project.config
    named = [(f"tables.{name}.files.{i}", path) for name, table in c.tables.items() for i, path in enumerate(table.files)]
    return named + [(f"metadata.{i}.file", entry.file) for i, entry in enumerate(c.metadata)]


def wrong_keys(project: Project) -> list[str]:
    """Keys of tables and metadata that contradict each other."""
    c = project.config
    paths = [path for table in c.tables.values() for path in table.files]
    faults = []
    for i, entry in enumerate(c.metadata):
        if entry.order_of and entry.key:
            faults.append(
                f"metadata.{i}.order_of: the file names its samples (key) or follows those of a table, not both; keep one"
            )
        if entry.order_of and entry.order_of not in paths:
            near = nearest(entry.order_of, paths)
            hint = f"did you mean {near}?" if near else "it has to be one of tables.<name>.files"
            faults.append(f"metadata.{i}.order_of: {entry.order_of} is no file of a table; {hint}")
    for name, table in c.tables.items():
        twice = [path for path, n in Counter(table.files).items() if n > 1]
        faults += [f"tables.{name}.files: {path} stands twice" for path in twice]
    return faults


def look(project: Project, cache: Cache, say: Say) -> tuple[list[str], list[str]]:
    """Faults and notes of tables, metadata and tasks on samples; all files are there."""
    try:
        seen = _tables(project, cache, say)
    except InputError as error:
        return error.faults, []
    if seen.faults:
        return seen.faults, seen.notes
    places = Places(project.paths)
    seen.faults += [places.locate(f"expression.contrast.{fault}") for fault in _of_contrast(project, seen)]
    for name, task in project.config.tasks.items():
        if task.source == "samples":
            faults, notes = of_task(task, seen)
            seen.faults += [places.locate(f"tasks.{name}.{fault}") for fault in faults]
            seen.notes += [f"tasks.{name}.{note}" for note in notes]
    return seen.faults, seen.notes


def _of_contrast(project: Project, seen: Seen) -> list[str]:
    """What keeps two groups of a table's samples from being compared. Those of reads are looked at with the sample sheet."""
    expression = project.config.expression
    if expression is None or expression.contrast is None:
        return []
    asked = expression.contrast.model_dump()
    table = contrast.compared(asked.pop("table"), bool(project.rna), list(project.config.tables))
    samples = seen.members.get(table) if table != "expression" else None
    if samples is None:
        return []
    said = {sample: {c: v for c, v in seen.said.get(sample, {}).items() if v} for sample in samples}
    return contrast.faults(**asked, samples=said, described="sheet, metadata and table have")


def _tables(project: Project, cache: Cache, say: Say) -> Seen:
    """Samples of all modalities, and what is said of them. Raises InputError where a file cannot be read."""
    c = project.config
    sheet = sample_sheet.described(c.samples, project.folder) if c.samples else {}

    def head(path: str, about: list[str]) -> Head:
        return Head(**cache.get("matrix", [path], lambda: asdict(header.look(path, about)), about))

    entries = [entry.model_dump() for entry in c.metadata]
    orders = {e.order_of: _settings(c.tables, e.order_of) for e in c.metadata if e.order_of}
    names = sample_names.naming(sheet, entries, orders, lambda path, own: (), head)
    seen, ladders, own = Seen(), {}, {}
    if project.rna and c.expression:
        seen.members["expression"] = list(project.rna)
        ladders |= {sample: sample_names.ladders([sample])[1][sample] for sample in project.rna}
    for name, table in c.tables.items():
        try:
            _table(name, table, names, head, seen, ladders, own, _predicted(c.tasks, name), say)
        except InputError as error:
            seen.faults += error.faults
            seen.members[name] = None
    if seen.faults:
        return seen
    here = {step for ladder in ladders.values() for step in ladder}
    described = {name: said for name, said in sheet.items() if name in here or name not in project.sequenced}
    hdf5 = [path for path in orders if path in names.order and not names.order[path]]
    entries = [entry for entry in entries if entry["order_of"] not in hdf5]
    found = metadata.describe(ladders, described, entries, names.files, names.order, seen.whole)
    if seen.whole:
        seen.faults += found.faults
        seen.notes += found.notes
    seen.said = {sample: said | own.get(sample, {}) for sample, said in found.samples.items()}
    return seen


def _settings(tables: Mapping[str, Table], path: str) -> dict[str, Any]:
    name = next(name for name, table in tables.items() if path in table.files)
    return tables[name].model_dump() | {"name": name}


def _table(
    name: str,
    table: Table,
    names: sample_names.Naming,
    head: Callable[[str, list[str]], Head],
    seen: Seen,
    ladders: dict[str, list[str]],
    own: dict[str, dict[str, str]],
    predicted: Iterable[str],
    say: Say,
) -> None:
    """Take in one table: its samples, and what its files say of them. predicted: columns that tasks predict by it. Raises InputError with the faults of its files."""
    spec = table.model_dump() | {"name": name}
    found: dict[str, str] = {}
    told: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for path in table.files:
        now = head(path, table.about)
        if now.kind in ("h5ad", "h5mu"):
            seen.members[name] = None
            say(f"table {name}", f"{path}: looked into by its job")
            return
        if now.kind == "series" and not now.rows:
            raise InputError(header.without_numbers(now))
        rows = orientation.samples(now, spec, names.known, names.counted.get(path), names.named)
        faults += [f"{path}: sample {s!r} stands more than once; keep one of them" for s, n in Counter(rows).items() if n > 1]
        faults += [f"{path}: sample {s!r} stands in {found[s]} already; keep one of them" for s in rows if s in found][:SHOWN]
        faults += _absent(now, table.about, f"tables.{name}.about")
        faults += _leaking(now.columns if rows is now.rows else now.rows, {*now.beside, *now.about}, predicted, name, path)
        found |= dict.fromkeys(rows, path)
        told |= _own_words(now, rows)
        features = len(now.columns if rows is now.rows else now.rows) - (len(now.beside) if rows is now.rows else 0)
        say(f"table {name}", f"{path}: {len(rows):,} samples, {features:,} features")
    if faults:
        raise InputError(faults)
    called, climbs = sample_names.ladders(list(found))
    seen.members[name] = list(called.values())
    for sample, ladder in climbs.items():
        ladders[sample] = list(dict.fromkeys([*ladders.get(sample, []), *ladder]))
    for sample, said in told.items():
        own.setdefault(called[sample], {}).update(said)


def _predicted(tasks: Mapping[str, Task], table: str) -> list[str]:
    """Columns that tasks predict by a table."""
    by = [task for task in tasks.values() if task.source == "samples" and table in (task.modalities or [table])]
    return list(dict.fromkeys(column for task in by for column in task.labels))


def _leaking(features: Iterable[str], about: set[str], predicted: Iterable[str], table: str, path: str) -> list[str]:
    """Faults of what is to be predicted and stands among the features."""
    own = set(features) - about
    return [
        f"{path}: {column!r}, which is to be predicted, stands among the features, and the label would leak through that column; "
        f"name it in tables.{table}.about"
        for column in predicted
        if column in own
    ]


def _absent(head: Head, about: list[str], key: str) -> list[str]:
    if head.kind == "series":
        return []
    here = {*head.beside, *head.about}
    hints = {name: nearest(name, head.columns[:1000] + head.rows[:1000]) for name in about if name not in here}
    return [
        f"{key}: {head.path} has no column or row {n!r}" + (f"; did you mean {near!r}?" if near else "")
        for n, near in hints.items()
    ]


def _own_words(head: Head, rows: list[str]) -> dict[str, dict[str, str]]:
    """What a file itself says of its samples: GEO's words, or the columns (rows) that are no features."""
    if head.kind == "series":
        return {s: {metadata.plain(k): metadata.cleaned(v) for k, v in head.told.get(s, {}).items()} for s in rows}
    texts = head.beside if rows is head.rows else {}
    if head.about and len(head.columns) == len(rows):
        texts = head.about
    return {s: {metadata.plain(c): metadata.cleaned(v[i]) for c, v in texts.items()} for i, s in enumerate(rows)}


def of_task(task: Task, seen: Seen) -> tuple[list[str], list[str]]:
    """Faults and notes of one task, each beginning with its key."""
    wanted = task.modalities or list(seen.members)
    members = {name: seen.members.get(name) for name in wanted}
    faults = _unshared(members, task.missing)
    if faults or None in members.values():
        return faults, []
    sets = [set(own) for own in members.values()]
    examples = set.intersection(*sets) if task.missing == "drop" else set.union(*sets)
    said = {sample: seen.said.get(sample, {}) for sample in sorted(examples)}
    faults = _without_column(task, said)
    if faults:
        return faults, []
    complete = {sample: own for sample, own in said.items() if all(own.get(column) for column in task.labels)}
    if not complete:
        return [f"label: no sample has a value in column {', '.join(task.labels)}"], []
    notes = [] if task.outcome != "classes" else _few_neighbours(task, complete)
    faults = _of_split(task, complete) + _of_classes(task, complete) + _without_neighbour(task, complete)
    return faults + _of_batch(task, complete), notes


def _unshared(members: Mapping[str, list[str] | None], missing: str) -> list[str]:
    """Faults of modalities that no other shares a sample with, and of all of which no sample has every one."""
    known = {name: own for name, own in members.items() if own is not None}
    if len(known) < 2:
        return []
    faults = []
    for name, own in known.items():
        others = {sample for other, theirs in known.items() if other != name for sample in theirs}
        if not others & set(own) and len(known) == len(members):
            near = next(((s, n) for s in own[:20] if (n := nearest(s, sorted(others)[:2000], 0.6))), None)
            hint = f" (is {near[0]!r} {near[1]!r}?)" if near else ""
            faults.append(
                f"modalities: {name} is a modality with no shared sample: it has {_few(own)}, the others {_few(sorted(others))}{hint}; "
                "samples are joined by their names"
            )
    if not faults and missing == "drop" and not set.intersection(*map(set, known.values())):
        sizes = ", ".join(f"{name} {len(own)}" for name, own in known.items())
        faults.append(f"missing: no sample has all modalities ({sizes} samples); say missing: keep, or name fewer modalities")
    return faults


def _without_column(task: Task, said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Columns that the task reads and nothing says."""
    columns = list(dict.fromkeys(column for own in said.values() for column in own))
    keys = [(["time", "event"][i] if task.outcome == "survival" else "label", c) for i, c in enumerate(task.labels)]
    if task.harmonise.batch:
        keys.append(("harmonise.batch", task.harmonise.batch))
    keys += [("harmonise.covariates", column) for column in task.harmonise.covariates]
    keys += [("split.given", task.split.given)] * (task.split.by == "given")
    keys += [("split.column", task.split.column)] * (task.split.column not in GROUPS)
    faults = []
    for key, column in keys:
        if column not in columns:
            near = nearest(column, columns)
            hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(columns) or 'none'}"
            faults.append(f"{key}: neither sheet nor metadata nor table has a column {column!r}; {hint}")
    return faults


def _groups(task: Task, said: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What each sample belongs to and is never divided from."""
    wanted = (task.split.column,) if task.split.column not in GROUPS else (task.split.column, *GROUPS)
    column = next((c for c in wanted if any(own.get(c) for own in said.values())), None)
    return {sample: (column and own.get(column)) or sample for sample, own in said.items()}


def _of_split(task: Task, said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of a split that the data bring: other words than train and test, or a side that is empty."""
    if task.split.by != "given":
        return []
    column = task.split.given
    roles = {sample: own.get(column, "").lower() for sample, own in said.items()}
    odd = [sample for sample, role in roles.items() if role not in ("train", "test", "validation")]
    if odd:
        return [f"split.given: column {column!r} says {said[odd[0]].get(column, '')!r} of {_few(odd)}; it may say train or test"]
    sides = {"test" if role == "test" else "train" for role in roles.values()}
    return [f"split.given: column {column!r} puts no sample into {s}" for s in ("train", "test") if s not in sides]


def _of_classes(task: Task, said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of classes: one alone, fewer donors than folds, a positive class that is not there."""
    if task.outcome == "survival":
        return []
    faults, groups = [], _groups(task, said)
    split = task.split
    given = split.by == "given"
    need = split.inner if given else fewest(split.folds, split.inner)
    why = f"{split.inner} inner folds" if given else f"{split.folds} folds with {split.inner} inner ones"
    for column in task.labels:
        inside = {
            s: own for s, own in said.items() if task.split.by != "given" or own.get(task.split.given, "").lower() != "test"
        }
        members: dict[str, set[str]] = {}
        for sample, own in inside.items():
            members.setdefault(own[column], set()).add(groups[sample])
        kinds = sorted({own[column] for own in said.values()})
        if len(kinds) == 1:
            faults.append(f"label: all {len(said)} samples are {kinds[0]!r} in column {column!r}: one class, nothing to learn")
            continue
        if many := too_many(column, kinds, len(said)):
            faults.append(many)
            continue
        faults += [
            f"split.{'inner' if given else 'folds'}: class {kind!r} of column {column!r} has {len(members.get(kind, ()))} members to "
            f"train on (donors count once), and {why} need {need}; lower split.{'inner' if given else 'folds or split.inner'}, "
            "or leave the class out"
            for kind in kinds
            if len(members.get(kind, ())) < need
        ]
        if task.positive is not None and task.positive not in kinds:
            near = nearest(task.positive, kinds)
            faults.append(
                f"positive: no sample is {task.positive!r} in column {column!r}; "
                + (f"did you mean {near!r}?" if near else f"there are: {_few(kinds)}")
            )
    return faults


def _few_neighbours(task: Task, said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A note where SMOTE has fewer samples of a class than neighbours to draw between."""
    if "smote" not in (task.balance.method, *task.balance.compare):
        return []
    counts = Counter(own[task.labels[0]] for own in said.values())
    kind, least = min(counts.items(), key=lambda item: (item[1], item[0]))
    folds = task.split.folds if task.split.by == "group" else 2
    held = int(least * (1 - 1 / folds) * (1 - 1 / task.split.inner))
    if held > task.balance.neighbours:
        return []
    return [
        f"balance.neighbours: class {kind!r} has about {held} samples in an inner training part, and SMOTE draws between "
        f"{task.balance.neighbours} neighbours; lower it, or choose another balance.method"
    ]


def _without_neighbour(task: Task, said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A fault where some training part can have no two samples of a class, however they are divided, for SMOTE to draw between."""
    if task.outcome != "classes" or "smote" not in (task.balance.method, *task.balance.compare):
        return []
    split, need = task.split, of_batch(task.split.inner)
    if split.by == "given":
        said = {s: own for s, own in said.items() if own.get(split.given, "").lower() != "test"}
    else:
        need = of_batch(split.folds, need)
    counts = Counter(own[task.labels[0]] for own in said.values())
    few = [kind for kind, n in counts.items() if n < need]
    key = "method" if task.balance.method == "smote" else "compare"
    return [
        f"balance.{key}: SMOTE draws between two samples of a class, and of {kind!r} ({counts[kind]} samples to train on) some inner "
        f"training part has one; {need} are needed: say balance.{key}: {'oversample' if key == 'method' else '[oversample]'} or class_weight"
        for kind in few
    ]


def _of_batch(task: Task, said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults where batch and label cannot be told apart, or ComBat cannot tell how a batch differs."""
    batch = task.harmonise.batch
    if not batch:
        return []
    rows = [own for own in said.values() if own.get(batch)]
    if task.outcome == "classes" and (words := perfect([o[batch] for o in rows], [o[task.labels[0]] for o in rows])):
        return [f"harmonise.batch: {words}"]
    return batches(task.harmonise, task.split, rows) if task.harmonise.method == "combat" else []


def _few(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)
