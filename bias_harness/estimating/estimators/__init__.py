"""One file per statistic. Arrays in, a small frozen dataclass out; nothing here knows of files, models or words.

Everywhere: gap = level minus reference; a number that does not exist is None with a status, never NaN, 0 or p = 0.
Every public name of the files is a name of this package; its file is loaded when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FILES = {
    "arms": "Arm JobGaps arm_of job_gaps level_spread reference_spread",
    "bootstrap": "Bootstrap bootstrap_mean bootstrap_means",
    "bounds": "Bounds lee_bounds manski_bounds trimmed_shift",
    "cells": "Cells Contrast cells_of cells_of_dense contrast rates_of",
    "cluster": "ClusterRegression ClusteredMean cluster_regression clustered_mean",
    "distribution": "Distance PairShares distance_test distances gini pair_shares profile_quantile_gaps quantile_gaps",
    "effects": "PairedEffect cohens_d paired_effect small_sample_factor",
    "forms": "FormSpread Term form_p form_spread form_terms half_width pooled",
    "interaction": "Excess excess excess_of_cells",
    "interval": "Interval paired_t ratio_of_means weighted_paired_t welch_t",
    "lenses": "ImpactRatio RowsTest impact_ratios pay_transparency rows_test",
    "multiplicity": "MaxT benjamini_hochberg benjamini_yekutieli bonferroni holm max_t",
    "oaxaca": "Decomposition oaxaca_blinder",
    "trend": "slope_by_profile",
    "outliers": "Flags flag_outliers",
    "placebo": "FalseAlarms Floor false_alarms placebo_floor",
    "planning": "Numbers Spread design_variance equivalence_reach minimum_detectable pairs_needed power_paired "
    "questions_needed",
    "pooling": "Pooled SharedPeople dersimonian_laird shared_people",
    "proportions": "McNemar clopper_pearson exact_within mcnemar newcombe wilson",
    "rectifier": "Rectifier rectifier",
    "ranks": "Ranked hodges_lehmann mann_whitney wilcoxon",
    "round_numbers": "Heaping heap_width heaping rounding_step",
    "scopes": "panel profile_means profiles profiles_and_wordings",
    "signflip": "SignFlip sign_flip",
    "specification": "JointTest joint_test",
    "variance": "Crossed OneWay crossed crossed_cells one_way",
    "verdicts": "Tost tost tost_paired tost_paired_from_summary verdict",
}
_HOME = {name: file for file, names in _FILES.items() for name in names.split()}
__all__ = sorted(_HOME)  # noqa: PLE0605 - made from the table above


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
