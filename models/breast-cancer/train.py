"""Trains the breast cancer demonstration model and writes everything the services need of it.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py

Writes into 1.0.0/: model.onnx, trees.json (the same trees in double precision, for exact SHAP), manifest.json, metrics.json (figures of
MODEL_CARD.md) and fixtures/ (inputs, probabilities, margins and SHAP values of all 569 cases, so that no test needs Python).
Everything is seeded; nothing is downloaded (the data ships inside scikit-learn). Stops with an error, writing nothing, when the ONNX
model differs from scikit-learn by more than 1e-5 on any case, or the trees differ from either.
"""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
import shap
from onnx import helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_predict, StratifiedKFold, train_test_split

VERSION = "1.0.0"
SEED = 20261122
TARGET_OPSET = {"": 15, "ai.onnx.ml": 3}
OUT = Path(__file__).parent / VERSION
ESTIMATOR = GradientBoostingClassifier(
    n_estimators=120, max_depth=3, learning_rate=0.08, subsample=0.7, max_features=8, min_samples_leaf=4, random_state=SEED
)


def load_cases():
    """float32 inputs as the model will see them, the published doubles, and 1 for malignant (scikit-learn has malignant as 0)."""
    data = load_breast_cancer()
    return data.data.astype(np.float32), data.data, (data.target == 0).astype(np.uint8), list(data.feature_names)


def fit(inputs, target):
    """Fits, then lowers every threshold to the nearest float32 below it: for float32 inputs `x <= t` keeps its meaning exactly,
    and the ONNX file, whose thresholds are float32, can no longer disagree with scikit-learn."""
    model = clone(ESTIMATOR).fit(inputs, target)
    for (tree,) in model.estimators_:
        nodes = tree.tree_
        inner = nodes.children_left != -1
        exact = nodes.threshold[inner]
        single = exact.astype(np.float32)
        single = np.where(single.astype(np.float64) > exact, np.nextafter(single, np.float32(-np.inf)), single)
        nodes.threshold[inner] = single.astype(np.float64)
    return model


def export_onnx(model, feature_count):
    """The same bytes for the same model: the exporter writes its operator set imports in no fixed order."""
    options = {id(model): {"zipmap": False}}
    onx = to_onnx(
        model, initial_types=[("features", FloatTensorType([None, feature_count]))], options=options, target_opset=TARGET_OPSET, name="breast-cancer"
    )
    imports = sorted(((o.domain, o.version) for o in onx.opset_import))
    del onx.opset_import[:]
    onx.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in imports)
    onx.producer_name, onx.producer_version, onx.doc_string = "clinstream", VERSION, "Demonstration model, not for clinical use."
    return onx.SerializeToString(deterministic=True)


def run_onnx(onnx_bytes, inputs):
    session = onnxruntime.InferenceSession(onnx_bytes, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"features": inputs})[0][:, 1]


def export_trees(model):
    """Leaf values carry the learning rate; the margin (log-odds) of a case is `initialMargin` + the sum of its leaves."""
    prior = model.init_.class_prior_[1]
    trees = []
    for (tree,) in model.estimators_:
        nodes = tree.tree_
        trees.append(
            {
                "left": nodes.children_left.tolist(),
                "right": nodes.children_right.tolist(),
                "feature": nodes.feature.tolist(),
                "threshold": nodes.threshold.tolist(),
                "value": (nodes.value[:, 0, 0] * model.learning_rate).tolist(),
                "cover": nodes.weighted_n_node_samples.tolist(),
            }
        )
    return {
        "format": "clinstream.trees.v1",
        "link": "logit",
        "comparison": "float32(input) <= threshold goes left",
        "inputs": int(model.n_features_in_),
        "initialMargin": math.log(prior / (1 - prior)),
        "trees": trees,
    }


def margins_of_trees(document, inputs):
    margins = np.full(len(inputs), document["initialMargin"], dtype=np.float64)
    for tree in document["trees"]:
        for row, case in enumerate(inputs):
            node = 0
            while tree["left"][node] != -1:
                goes_left = float(case[tree["feature"][node]]) <= tree["threshold"][node]
                node = tree["left"][node] if goes_left else tree["right"][node]
            margins[row] += tree["value"][node]
    return margins


def explain(model, inputs):
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent", model_output="raw")
    return np.asarray(explainer.shap_values(inputs), dtype=np.float64), float(np.ravel(explainer.expected_value)[0])


def interval(samples):
    return [round(float(np.quantile(samples, q)), 4) for q in (0.025, 0.975)]


def scores(target, probability):
    called = probability >= 0.5
    positive, negative = target == 1, target == 0
    return {
        "accuracy": float((called == positive).mean()),
        "sensitivity": float(called[positive].mean()),
        "specificity": float((~called[negative]).mean()),
        "rocAuc": float(roc_auc_score(target, probability)),
        "brier": float(brier_score_loss(target, probability)),
        "logLoss": float(log_loss(target, probability)),
    }


def with_intervals(target, probability):
    """Point estimates with 95 % bootstrap intervals over the cases."""
    random = np.random.default_rng(SEED)
    point = scores(target, probability)
    drawn = []
    while len(drawn) < 2000:
        picked = random.integers(0, len(target), len(target))
        if 0 < target[picked].sum() < len(target):
            drawn.append(scores(target[picked], probability[picked]))
    return {name: {"value": round(value, 4), "interval95": interval([d[name] for d in drawn])} for name, value in point.items()}


def calibration(target, probability):
    edges = [0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0]
    rows, error = [], 0.0
    for low, high in zip(edges, edges[1:]):
        inside = (probability >= low) & ((probability < high) | (high == 1.0))
        if not inside.any():
            continue
        mean, seen = float(probability[inside].mean()), float(target[inside].mean())
        error += inside.mean() * abs(mean - seen)
        rows.append({"from": low, "to": high, "cases": int(inside.sum()), "meanProbability": round(mean, 4), "observedRate": round(seen, 4)})
    return {"expectedCalibrationError": round(float(error), 4), "bins": rows}


def evaluate(inputs, target, train, test, model):
    held_out = model.predict_proba(inputs[test])[:, 1]
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=5, random_state=SEED)
    repeats = []
    for fitted_on, judged_on in folds.split(inputs, target):
        repeats.append(scores(target[judged_on], fit(inputs[fitted_on], target[fitted_on]).predict_proba(inputs[judged_on])[:, 1]))
    out_of_fold = cross_val_predict(
        clone(ESTIMATOR), inputs, target, cv=StratifiedKFold(5, shuffle=True, random_state=SEED), method="predict_proba"
    )[:, 1]
    return {
        "cases": {"all": len(target), "malignant": int(target.sum()), "train": len(train), "test": len(test)},
        "heldOut": with_intervals(target[test], held_out),
        "crossValidation5x5": {
            name: {"mean": round(float(np.mean([r[name] for r in repeats])), 4), "sd": round(float(np.std([r[name] for r in repeats], ddof=1)), 4)}
            for name in repeats[0]
        },
        "calibrationOutOfFold": calibration(target, out_of_fold),
    }


def snake(name):
    return name.replace(" ", "_")


def unit_of(name):
    if "radius" in name or "perimeter" in name:
        return "{pixel}"
    return "{pixel2}" if "area" in name else "1"


def ladder(value, up):
    """The nearest of ... 1, 2, 5, 10, 20, 50 ... above or below."""
    steps = [m * 10.0**e for e in range(-6, 6) for m in (1, 2, 5)]
    return min(s for s in steps if s >= value) if up else max([0.0] + [s for s in steps if s <= value])


def declared_inputs(names, data):
    declared = []
    for index, name in enumerate(names):
        code = "BCW-" + name.upper().replace(" ", "-")
        declared.append(
            {
                "name": snake(name),
                "codes": [{"system": "99CLIN", "code": code}, {"system": "L", "code": code}],
                "unit": unit_of(name),
                "minimum": float(f"{ladder(float(data[:, index].min()) / 1.5, up=False):.6g}"),
                "maximum": float(f"{ladder(float(data[:, index].max()) * 1.5, up=True):.6g}"),
                "required": True,
            }
        )
    return declared


def manifest(names, data, onnx_bytes, tree_bytes):
    return {
        "name": "breast-cancer",
        "version": VERSION,
        "title": "Breast mass, benign or malignant, from fine needle aspirate nuclei (Wisconsin data, demonstration)",
        "kind": "diagnosis",
        "demonstration": True,
        "file": "model.onnx",
        "digest": hashlib.sha256(onnx_bytes).hexdigest(),
        "inputs": declared_inputs(names, data),
        "outputs": {"positive": "malignant", "negative": "benign", "threshold": 0.5},
        "evidence": {"method": "tree-shap", "file": "trees.json", "digest": hashlib.sha256(tree_bytes).hexdigest(), "default": False},
        "orderCodes": [{"system": "99CLIN", "code": "AI-BREAST-CANCER"}, {"system": "L", "code": "AI-BREAST-CANCER"}],
        "population": {"minimumAgeYears": 18, "maximumAgeYears": None, "sexes": ["F"]},
        "limits": {"softTimeoutMs": 1000, "hardTimeoutMs": 5000, "attempts": 3},
        "licence": "Model: same as this repository. Data: Breast Cancer Wisconsin (Diagnostic), doi 10.24432/C5DW2B, CC BY 4.0.",
    }


def write_fixtures(data, target, probability, margin, values, base_value):
    folder = OUT / "fixtures"
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"inputs": data, "probabilities": probability, "margins": margin, "shap": values}
    described = {}
    for name, array in arrays.items():
        (folder / f"{name}.f64").write_bytes(np.ascontiguousarray(array, dtype="<f8").tobytes())
        described[name] = {"file": f"{name}.f64", "type": "float64 little-endian, row-major", "shape": list(array.shape)}
    (folder / "malignant.u8").write_bytes(target.tobytes())
    described["malignant"] = {"file": "malignant.u8", "type": "uint8", "shape": list(target.shape)}
    versions = {"shap": shap.__version__, "numpy": np.__version__}
    document = {"cases": len(target), "baseValue": base_value, "madeWith": versions, "arrays": described}
    (folder / "fixtures.json").write_text(json.dumps(document, indent=2) + "\n")


def check(name, difference, limit):
    print(f"{name}: max difference {difference:.3g} (limit {limit:g})")
    if not difference <= limit:
        raise SystemExit(f"{name} differs by {difference}: nothing written")


def main():
    inputs, data, target, names = load_cases()
    train, test = train_test_split(np.arange(len(target)), test_size=0.2, stratify=target, random_state=SEED)
    model = fit(inputs[train], target[train])
    onnx_bytes = export_onnx(model, inputs.shape[1])
    document = export_trees(model)
    tree_bytes = (json.dumps(document, separators=(",", ":")) + "\n").encode()
    probability, margin = model.predict_proba(inputs)[:, 1], model.decision_function(inputs)
    values, base_value = explain(model, inputs)
    check("ONNX against scikit-learn, probability", np.abs(run_onnx(onnx_bytes, inputs) - probability).max(), 1e-5)
    check("trees.json against scikit-learn, margin", np.abs(margins_of_trees(document, inputs) - margin).max(), 1e-9)
    check("SHAP additivity, margin", np.abs(values.sum(axis=1) + base_value - margin).max(), 1e-6)
    OUT.mkdir(exist_ok=True)
    (OUT / "model.onnx").write_bytes(onnx_bytes)
    (OUT / "trees.json").write_bytes(tree_bytes)
    (OUT / "manifest.json").write_text(json.dumps(manifest(names, data, onnx_bytes, tree_bytes), indent=2) + "\n")
    write_fixtures(data, target, probability, margin, values, base_value)
    metrics = evaluate(inputs, target, train, test, model)
    (OUT / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    print(json.dumps(metrics["heldOut"]))


if __name__ == "__main__":
    main()
