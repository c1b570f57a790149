"""Targets: one label a sample or several, sites, groups; and splits that keep groups together."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from . import _climd
from ._labels import as_labels, error, host, whole

Call = Tuple[Any, ...]


class Targets:
    """The labels of a data set, with the sites and groups (patients) of its samples. `Sampler` takes it in place of labels.

    `single`, `multi_label` and `multi_hot` make one. `unknown`, `sites` and `groups` return a new one with more in it.

    With several labels, the class of a sample is its "own label": the one that the fewest samples have. Of equally rare
    labels it is the largest. A sample without labels has own label -1, or -2 if some of its labels are unknown.

        >>> findings = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 1], [0, -1, 0], [1, 0, 0]]
        >>> targets = Targets.multi_hot(findings).groups([7, 7, 7, 8, 9, 10], cap=1)
        >>> targets.own_labels()
        array([ 0,  1, -1,  2, -2,  0])
        >>> targets.label_counts()
        array([4, 1, 1])

    Source. `docs/algorithm.md`, "More than one label".
    """

    def __init__(self) -> None:
        raise TypeError("use `Targets.single(labels)`, `Targets.multi_label(rows, num_labels)` or `Targets.multi_hot(table)`")

    @classmethod
    def single(cls, labels: Any) -> Targets:
        """One label a sample: `[N]`, integers of any type. Numbers may be left out."""
        return cls._made("single", as_labels(labels).copy())

    @classmethod
    def multi_label(cls, labels: Any, num_labels: int, *, starts: Optional[Any] = None) -> Targets:
        """Any number of labels a sample, as lists of columns: `[[0, 2], [], [1]]`.

        num_labels: number of columns `L`. Labels are below it.
        starts: `[N + 1]`. If given, `labels` is one array, and sample `i` has `labels[starts[i]:starts[i + 1]]`.
        """
        return cls._made("multi_label", *as_rows(labels, starts), whole("num_labels", num_labels))

    @classmethod
    def multi_hot(cls, table: Any) -> Targets:
        """Any number of labels a sample, as a table `[N, L]` of 1 (has it), 0 (has not) and -1 (unknown), as in CheXpert."""
        return cls._made("multi_hot", as_table(table).copy())

    def unknown(self, labels: Any, *, starts: Optional[Any] = None) -> Targets:
        """The same with unknown labels, given as in `multi_label`. It is not known whether the samples have these labels."""
        return self._with("unknown", *as_rows(labels, starts))

    def sites(self, sites: Any, within: str = "proportional") -> Targets:
        """The same with the site of each sample, `[N]` of integers: the sites of a class share its quota.

        within: "proportional" to the samples of the class at each site, or "balanced", as equal as possible, so that a
            network cannot guess the class from the scanner.
        """
        return self._with("sites", as_labels(sites, "sites").copy(), within)

    def groups(self, groups: Any, cap: int) -> Targets:
        """The same with the group of each sample, `[N]` of integers, patients for example. An epoch takes at most `cap`
        samples of one group from each class, and from each site of the class; over the epochs they take turns.
        """
        return self._with("groups", as_labels(groups, "groups").copy(), whole("cap", cap))

    @property
    def num_samples(self) -> int:
        """Number of samples `N`."""
        return self._inner.num_samples()

    @property
    def num_labels(self) -> Optional[int]:
        """Number of columns `L`. None for one label a sample."""
        return self._inner.num_labels()

    def own_labels(self) -> NDArray[np.int64]:
        """The class of each sample, `[N]`: its only label or its own label; -1 without labels, -2 if some are unknown."""
        return self._inner.own_labels()

    def label_counts(self) -> NDArray[np.int64]:
        """Samples of the data with each label, `[L]`. An error for one label a sample."""
        return self._inner.label_counts()

    def log_odds(self) -> NDArray[np.float32]:
        """The log odds of each label in the data, `[L]`, over the samples where it is known. `Sampler.log_odds` has those of
        an epoch. A label that no sample has, or that all have, counts as half a sample. An error for one label a sample.
        """
        return self._inner.log_odds()

    _inner: _climd.Targets
    _calls: Tuple[Call, ...]  # what made it, which makes it again in another process

    @classmethod
    def _made(cls, name: str, *arguments: Any) -> Targets:
        return cls._of(getattr(_climd.Targets, name)(*arguments), ((name, *arguments),))

    def _with(self, name: str, *arguments: Any) -> Targets:
        return self._of(getattr(self._inner, name)(*arguments), (*self._calls, (name, *arguments)))

    @classmethod
    def _of(cls, inner: _climd.Targets, calls: Tuple[Call, ...]) -> Targets:
        self = object.__new__(cls)
        self._inner, self._calls = inner, calls
        return self

    def __reduce__(self) -> Tuple[Any, ...]:
        return _again, (type(self), self._calls)

    def __repr__(self) -> str:
        parts = [f"samples={self.num_samples}"]
        if self.num_labels is not None:
            parts.append(f"labels={self.num_labels}")
        parts += [name for name, *_ in self._calls[1:]]
        return f"Targets({', '.join(parts)})"


def _again(cls: Any, calls: Tuple[Call, ...]) -> Any:
    targets = cls._made(*calls[0])
    for call in calls[1:]:
        targets = targets._with(*call)
    return targets


def table_of(labels: Any) -> Optional[NDArray[np.int8]]:
    """The table `[N, L]` of several labels a sample: 1 has it, 0 has not, -1 unknown. None for one label a sample."""
    if not isinstance(labels, Targets):
        return as_table(labels, "labels") if host(labels).ndim == 2 else None
    if labels.num_labels is None:
        return None
    (name, *arguments), *others = labels._calls
    if name == "multi_hot":
        table: NDArray[np.int8] = arguments[0]
        if not any(call[0] == "unknown" for call in others):
            return table
        table = table.copy()
    else:
        table = np.zeros((labels.num_samples, labels.num_labels), dtype=np.int8)
        _fill(table, 1, *arguments[:2])
    for call in others:
        if call[0] == "unknown":
            table[table < 0] = 0  # the later call replaces the earlier
            _fill(table, -1, *call[1:])
    return table


def _fill(table: NDArray[np.int8], value: int, starts: NDArray[np.uintp], columns: NDArray[np.uint32]) -> None:
    bounds: NDArray[np.int64] = starts.astype(np.int64)
    table[np.repeat(np.arange(len(table)), bounds[1:] - bounds[:-1]), columns] = value


def labels_for_engine(labels: Any) -> Any:
    """Labels or targets as the extension takes them."""
    return labels._inner if isinstance(labels, Targets) else as_labels(labels)


def split(
    labels: Any, parts: Sequence[int], *, groups: Optional[Any] = None, seed: int = 0
) -> NDArray[np.uint8]:
    """The part of each sample, `[N]`: a position in `parts`.

    No group is in two parts. Each label is shared among the parts as `parts` says.

    labels: `[N]` of integers, a table `[N, L]` as in `Targets.multi_hot`, or `Targets`.
    parts: whole weights, such as `[7, 1, 2]` for training, validation and test.
    groups: `[N]` of integers, for example the patients. Default: the groups of the targets; without any, each sample is a
        group.
    seed: decides among groups of the same rarest label and size alone: five hospitals of different sizes have the same
        parts for every seed. To repeat splits, split the groups, each once with its rarest label.

    Source. Iterative stratification, Sechidis et al. 2011, by groups.

        >>> part = split([0, 0, 0, 0, 1, 1, 1, 1], [1, 1], groups=[1, 1, 2, 2, 3, 3, 4, 4])
        >>> bool(part[0] == part[1] and part[2] == part[3]), int(part.sum())
        (True, 4)
    """
    if isinstance(labels, Targets):
        targets = labels
    else:
        targets = Targets.multi_hot(labels) if host(labels).ndim == 2 else Targets.single(labels)
    if groups is not None:
        of = as_labels(groups, "groups")
    else:
        own = [call[1] for call in targets._calls if call[0] == "groups"]
        of = own[-1] if own else np.arange(targets.num_samples, dtype=np.int64)
    return targets._inner.split(of, [whole("parts", part, 32) for part in parts], whole("seed", seed, 64))


def as_rows(labels: Any, starts: Optional[Any]) -> Tuple[NDArray[np.uintp], NDArray[np.uint32]]:
    """Compressed rows: where each sample's labels start, and all labels."""
    if starts is None:
        rows = [as_labels(row, f"labels[{sample}]") for sample, row in enumerate(labels)]
        flat = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        bounds = np.cumsum([0, *map(len, rows)])
    else:
        flat, bounds = as_labels(labels), as_labels(starts, "starts")
    for name, values, limit in (("labels", flat, 1 << 32), ("starts", bounds, 1 << 62)):
        outside = (values < 0) | (values >= limit)
        if outside.any():
            index = int(np.argmax(outside))
            raise error("OutOfRange", f"`{name}[{index}]` is {values[index]}, but must be from 0 to {limit - 1}")
    return bounds.astype(np.uintp), flat.astype(np.uint32)


def as_table(table: Any, name: str = "table") -> NDArray[np.int8]:
    array = host(table)
    if array.ndim != 2:
        raise error("Shape", f"`{name}` has shape {list(array.shape)}, but must be [N, L], a row a sample and a column a label")
    if array.dtype.kind not in "iubf":
        raise error("Kind", f"`{name}` is of type {array.dtype}, but must be 1, 0 and -1")
    outside = ~np.isin(array, (-1, 0, 1))
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        found = array[row, column]
        unknown = f": write -1 for unknown, `numpy.nan_to_num({name}, nan=-1)`" if found != found else ""
        raise error("Value", f"`{name}[{row}, {column}]` is {found}, but must be 1, 0 or -1{unknown}")
    return np.ascontiguousarray(array, dtype=np.int8)
