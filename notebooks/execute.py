"""Run notebooks from top to bottom and keep what they show: ``python notebooks/execute.py [BEGINNING OF A NAME ...]``.

All of them if none is named. A notebook that fails or warns is left as it was, and the others are run all the same.
Figures are kept as pictures of few colours, which GitHub and JupyterLab show without a network; texts and tables as they
are.
"""

import base64
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).parent
SECONDS = 600
COLOURS = 64
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def execute(path: Path) -> NotebookNode:
    """Run a notebook in its own folder; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}, record_timing=False
    )
    client.execute()
    return notebook


def warnings(notebook: NotebookNode) -> list[str]:
    """List what the cells wrote to the error stream."""
    return [output["text"] for output in _outputs(notebook) if output.get("name") == "stderr"]


def keep_pictures(notebook: NotebookNode) -> None:
    """Keep of each figure one picture and the sentence that says the same."""
    for output in _outputs(notebook):
        data = output.get("data", {})
        if "image/png" in data:
            output["data"] = {"image/png": _smaller(data["image/png"]), "text/plain": data["text/plain"]}


def _smaller(png: str) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def _outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def _keep(path: Path) -> bool:
    begun = time.monotonic()
    try:
        notebook = execute(path)
    except CellExecutionError as error:  # the other notebooks are run all the same
        print(f"{path.name}: failed\n{error.ename}: {error.evalue}")
        return False
    if complaints := warnings(notebook):
        print(f"{path.name}: warned\n" + "\n".join(complaints))
        return False
    keep_pictures(notebook)
    nbformat.write(notebook, path)
    print(f"{path.name}: {time.monotonic() - begun:.0f} s, {path.stat().st_size / 1e3:.0f} kB")
    return True


def main(names: list[str]) -> int:
    """Run the notebooks whose names begin so; 1 if one failed or warned."""
    chosen = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.name.startswith(tuple(names) or "")]
    if not chosen:
        print(f"no notebook begins with {' or '.join(names)}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text("of the notebooks, which show invented people", encoding="utf-8")
        secret.chmod(0o600)
        os.environ |= THREADS | {"RISKSTRAT_SECRET_FILE": str(secret), "MLFLOW_DISABLE_TELEMETRY": "true"}
        kept = [_keep(path) for path in chosen]
        return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
