"""Makes tests/data/learn: networks that PyTorch exported, with an input and the output PyTorch gave.

Run by hand: python3 -m venv V && V/bin/pip install torch==2.11.0 onnx onnxscript && V/bin/python tests/learn_graph/export_from_torch.py
Every network is written by the older exporter (TorchScript, opset 17) and by the newer (dynamo, opset 18 and 20).
"""
import pathlib
import warnings

import onnx
import torch
from onnx import numpy_helper
from torch import nn

FOLDER = pathlib.Path(__file__).parents[1] / "data" / "learn"


class Classifier(nn.Module):
    """Convolutions, then attention over the pixels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.GELU(),
                                  nn.Conv2d(8, 16, 3, padding=1, groups=2), nn.BatchNorm2d(16), nn.SiLU(), nn.MaxPool2d(2))
        self.norm = nn.LayerNorm(16)
        self.query, self.key, self.value = (nn.Linear(16, 16) for _ in range(3))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        tokens = self.norm(self.stem(x).flatten(2).transpose(1, 2))
        q, k, v = (f(tokens).unflatten(2, (4, 4)).transpose(1, 2) for f in (self.query, self.key, self.value))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.head((tokens + mixed).mean(1)).log_softmax(-1)


class Segmenter(nn.Module):
    """A small U-Net with both ways up."""

    def __init__(self):
        super().__init__()
        self.down0, self.down1, self.down2 = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.norm0, self.norm1 = nn.BatchNorm2d(8), nn.InstanceNorm2d(16, affine=True)
        self.norm2 = nn.GroupNorm(4, 16)
        self.up = nn.ConvTranspose2d(16, 16, 2, stride=2)
        self.join1, self.join0 = nn.Conv2d(32, 8, 3, padding=1), nn.Conv2d(16, 1, 1)

    def forward(self, x):
        a = nn.functional.leaky_relu(self.norm0(self.down0(x)), 0.1)
        b = nn.functional.relu(self.norm1(self.down1(a)))
        c = nn.functional.hardswish(self.norm2(self.down2(b)))
        d = torch.relu(self.join1(torch.cat([self.up(c), b], 1)))
        e = nn.functional.interpolate(d, scale_factor=2, mode="bilinear", align_corners=False)
        return torch.sigmoid(self.join0(torch.cat([e, a], 1)))


def save(name, model, x, **options):
    path = FOLDER / f"{name}.onnx"
    torch.onnx.export(model, (x,), str(path), input_names=["image"], output_names=["result"], **options)
    with torch.no_grad():
        y = model(x)
    for suffix, value in (("in", x), ("out", y)):
        tensor = numpy_helper.from_array(value.numpy(), "image" if suffix == "in" else "result")
        (FOLDER / f"{name}.{suffix}.pb").write_bytes(tensor.SerializeToString())
    stored = onnx.load(path)
    for node in stored.graph.node:  # the newer exporter writes stack traces with paths
        del node.metadata_props[:]
    onnx.save(stored, path)
    print(name, path.stat().st_size, "bytes, opset", stored.opset_import[0].version, sorted({n.op_type for n in stored.graph.node}))


def main():
    warnings.filterwarnings("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make, shape in (("classifier", Classifier, (2, 3, 16, 16)), ("segmenter", Segmenter, (1, 1, 24, 32))):
        torch.manual_seed(7)
        model = make()
        for _ in range(3):  # running statistics that are not those of a new network
            model(torch.randn(shape) * 2 + 1)
        model.eval()
        x = torch.randn(shape)
        save(f"{name}_torchscript17", model, x, opset_version=17, dynamo=False, dynamic_axes={"image": {0: "batch"}})
        for opset in (18, 20):
            save(f"{name}_dynamo{opset}", model, x, opset_version=opset, dynamo=True, external_data=False, verbose=False)


if __name__ == "__main__":
    main()
