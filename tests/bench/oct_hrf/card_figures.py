"""Writes the figures of `sensorium evaluate oct_hrf` into a model's card.

python card_figures.py trained.onnx DIR/evaluation.json resources/models/oct_hrf.onnx
Nothing but the card's "metrics" and "threshold" changes. Needs PyPI onnx (scripts/requirements-test.txt).
"""
import json
import sys

import onnx

model = onnx.load(sys.argv[1])
evaluation = json.load(open(sys.argv[2]))
network = evaluation["detectors"]["network"]
keys = ("bscans", "lesions", "lesions_left_out", "f1", "sensitivity", "precision",
        "false_positives_per_bscan", "dice", "candidates_before_insertion_per_bscan")


def figures(part):
    out = {}
    for key in keys:
        if key in part:
            out[key] = round(part[key], 4)
        if key + "_95" in part:
            out[key + "_95"] = [round(v, 4) for v in part[key + "_95"]]
    return out


for entry in model.metadata_props:
    if entry.key == "sensorium.card":
        card = json.loads(entry.value)
        card["threshold"] = round(network["threshold"], 4)
        card["metrics"] = {
            "command": "sensorium evaluate oct_hrf SCAN... -o DIR",
            "parameters": {k: v for k, v in evaluation["parameters"].items() if k != "model"},
            "matching": "centroids at most 30 um apart or a shared pixel, one to one; 95 % intervals by volume",
            "phantom, unseen seeds": figures(network["phantom"]),
        }
        if "inserted" in network:
            part = network["inserted"]
            found = part["sensitivity"] * part["lesions"]
            candidates = found / part["precision"]
            before = part["candidates_before_insertion_per_bscan"] * part["bscans"]
            card["metrics"]["inserted into real B-scans"] = figures(part) | {
                "note": "marks made before the insertion are left out, which holds precision near 1",
                "f1_if_marks_before_were_false":
                    round(2 * found / (part["lesions"] + candidates + before), 4)}
        entry.value = json.dumps(card)
onnx.save(model, sys.argv[3])
