"""torch: what `torch.save` writes with our pickler, read by a torch that has nothing of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import CHECKS, drive, line, read, require

pytestmark = pytest.mark.engines_more

NETS = """
import torch

class Net(torch.nn.Module):
    def __init__(self, point):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.point, self.after = point, None

    def forward(self, x):
        from helpers import double
        y = self.layer(x)
        return (self.after(y) if self.after else y), double(self.point)
"""
WRITER = f"""{CHECKS}
import modulepickle, torch
pathlib.Path("nets.py").write_text({NETS!r})
import nets
n = 10

def here(point):
    import sizes
    return point.x + n, sizes.UNIT

class Local(nets.Net):
    def forward(self, x):
        y, doubled = super().forward(x)
        return y, doubled + "!"

def things():
    torch.manual_seed(0)
    net, local = nets.Net(helpers.Point(3)), Local(helpers.Point(4))
    net.after = lambda y: y * n
    data = torch.utils.data.TensorDataset(torch.ones(4, 2))
    return dict(net=net, local=local, here=here, wrong=helpers.Wrong(3), data=data,
                weights=net.layer.weight)

def save(obj, path):
    {line("torch")}

def edit():
    pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
"""
READER = """
import torch
assert not sees("nets")

def check(path, unit):
    found = torch.load(path, weights_only=False)
    net, local, here = found["net"], found["local"], found["here"]
    y, doubled = net(torch.ones(2))
    assert torch.equal(y, net.layer(torch.ones(2)) * 10) and doubled == f"6 {unit}"
    assert local(torch.ones(2))[1] == f"8 {unit}!"
    assert here(net.point) == (13, unit) and type(found["wrong"]).__module__ == "helpers"
    assert found["weights"] is net.layer.weight and type(net).__module__ == "nets"
    return net
"""


def test_models_are_loaded_elsewhere_and_come_home(tmp_path: Path) -> None:
    require("torch")
    drive(
        tmp_path,
        f"{WRITER}\nsave(things(), '../old')\nedit()\nsave(things(), '../new')",
        script=True,
    )
    code = """
check("../old", "km")
net = check("../new", "miles")
net.after = None
torch.save(net, "../back")
check("../old", "km")
"""
    read(tmp_path, READER + code)
    code = """
back = torch.load("../back", weights_only=False)
assert type(back) is nets.Net and type(back.point) is helpers.Point
print("home")
"""
    assert "home" in drive(tmp_path, WRITER + code, script=True)


def test_both_formats_and_what_is_not_ours_stays_as_it_was(tmp_path: Path) -> None:
    require("torch")
    code = f"""{WRITER}
import io
with open("../old", "wb") as file:
    torch.save(
        things(), file, pickle_module=modulepickle, _use_new_zipfile_serialization=False
    )
plain = torch.nn.Linear(2, 1).state_dict()
datas = []
for module in (__import__("pickle"), modulepickle):
    file = io.BytesIO()
    torch.save(plain, file, pickle_module=module)
    datas.append(file.getvalue())
assert datas[0] == datas[1]
save(plain, "../plain")
loaded = torch.load("../old", pickle_module=modulepickle, weights_only=False)
assert type(loaded["net"]) is nets.Net and type(loaded["local"]) is Local
"""
    drive(tmp_path, code, script=True)
    code = """
check("../old", "km")
assert set(torch.load("../plain")) == {"weight", "bias"}
print("read")
"""
    assert "read" in read(tmp_path, READER + code)
