"""The notebook runs as it stands, and its cells give the figures of the record."""

import json
import os
import re

import nbformat
import pytest
from nbclient import NotebookClient
from support.plan import LAYERS, ROOT

NOTEBOOK = ROOT / "docs" / "reconcile.ipynb"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run it in the folder that it stands in, with nothing of Jupyter's written anywhere else."""
    own = tmp_path_factory.mktemp("jupyter")
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    with pytest.MonkeyPatch.context() as patch:
        for place in places:
            patch.setenv(place, str(own / place.lower()))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(ROOT / "docs")}})
        return client.execute()


def read_features(name):
    return json.loads((LAYERS / f"{name}.geojson").read_text("utf-8"))["features"]


def shown(notebook):
    """Give what each cell of code shows, as text."""
    return [
        "".join(
            output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_it_stands_without_outputs_and_names_no_place_of_a_machine():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
        assert not re.search(r"(?:^|[\s\"'])(?:/|~|[A-Z]:\\)\w", cell.source)


def test_its_cells_give_the_record(run):
    counts, lengths, faults, totals, without, delivery, _ = shown(run)
    layers = {name: len(read_features(name)) for name in ("routes", "manholes", "offices")}
    assert counts == str(layers)
    assert re.search(r"cable +13666\.0 ", lengths)
    assert re.search(r"duct +1844\.0 ", lengths)
    assert re.match(r"\(0,\s", faults)
    assert totals.count("agrees") == 6
    assert "differs" not in totals
    # The fibre that is missing, and the office that it led to in both counts.
    assert without.count("differs") == 3
    assert "new fibre" in without
    assert delivery.count("ED50(ED77)") >= 2
    assert "C105" in delivery


def test_its_last_cell_shows_the_map(run):
    (output,) = run.cells[-1].outputs
    assert "iframe" in output.data["text/html"]


def test_nothing_is_shown_that_names_a_place_of_this_machine(run):
    assert not [text for text in shown(run) if str(ROOT) in text]
    assert not [
        output
        for cell in run.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
