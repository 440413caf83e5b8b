"""MLflow's models and Hugging Face datasets: the working tree travels in what they pickle."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import SEES, drive, read, require

pytestmark = [pytest.mark.engines_more, pytest.mark.timeout(300)]


def test_an_mlflow_model_is_loaded_without_the_tree(tmp_path: Path) -> None:
    require("mlflow")
    code = """
import mlflow, modulepickle, pathlib, sys
pathlib.Path("models.py").write_text('''
import mlflow, helpers

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [helpers.double(helpers.Point(each)) for each in model_input]
''')
sys.path.insert(0, ".")
import models
modulepickle.extend_cloudpickle()
mlflow.pyfunc.save_model("../model", python_model=models.Model(), pip_requirements=[])
print("saved")
"""
    assert "saved" in drive(tmp_path, code)
    code = """
import mlflow
print(mlflow.pyfunc.load_model("../model").predict([1, 2]))
"""
    assert "['2 km', '4 km']" in read(tmp_path, code)


def test_datasets_map_with_processes(tmp_path: Path) -> None:
    require("datasets")
    code = f"""{SEES}
import datasets, helpers, importlib, modulepickle, pathlib
if __name__ == "__main__":
    modulepickle.extend_dill()
    data = datasets.Dataset.from_dict({{"x": [1, 2, 3, 4]}})
    row = lambda row: {{"y": helpers.double(helpers.Point(row["x"]))}}
    assert data.map(row, num_proc=2)["y"][:] == ["2 km", "4 km", "6 km", "8 km"]
    pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
    # Another result, not that which datasets keeps under the hash of the function's pickle.
    assert data.map(row, num_proc=2)["y"][:] == ["2 miles", "4 miles", "6 miles", "8 miles"]
    print("all checks passed")
"""
    out = drive(tmp_path, code, script=True, HF_DATASETS_OFFLINE="1")
    assert "all checks passed" in out
