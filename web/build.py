"""Makes the static page that reads inside the browser: python web/build.py MODEL FOLDER.

The page is that of ``crnn-ocr serve``; only who reads is another: ONNX Runtime's WebAssembly, of the npm package that
``npm ci --prefix web`` brings.
"""

import json
import shutil
import sys
from pathlib import Path

import onnxruntime

from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.export.onnx_file import export_onnx
from crnn_seq2seq_ocr.inference.onnx_backend import DESCRIPTION_KEY
from crnn_seq2seq_ocr.serve.page import page_files

HERE = Path(__file__).parent
RUNTIME = HERE / "node_modules" / "onnxruntime-web" / "dist"
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")

HEAD = '<meta charset="utf-8">'
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy: nothing is loaded from, or sent, anywhere else."""


def build(model: Path, folder: Path) -> None:
    """Write the page and the model into a folder that any file server can hand out.

    Args:
        model: A released name, a model folder, a training run, or a file of ``crnn-ocr export``.
        folder: The folder; files of an earlier page are replaced.

    Raises:
        FileNotFoundError: ONNX Runtime for browsers is not installed.
        CheckpointError: There is no such model.
        ExportError: It cannot be exported.
    """
    if not all((RUNTIME / name).is_file() for name in RUNTIME_FILES):
        raise FileNotFoundError(f"{RUNTIME} is missing: run `npm ci --prefix web`")
    inside = folder / "page"
    inside.mkdir(parents=True, exist_ok=True)
    for path, (content, _) in page_files().items():
        if path in {"/docs", "/page/docs.js"}:  # of the service, which is not there
            continue
        place = folder / (path.removeprefix("/") or "index.html")
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    _forbid_the_rest(folder / "index.html")
    for source in (*HERE.glob("*.js"), *(RUNTIME / name for name in RUNTIME_FILES)):
        shutil.copyfile(source, inside / source.name)
    _place_model(model, inside / "model.onnx")


def _forbid_the_rest(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    assert content.count(HEAD) == 1, "the page has another head than this script knows"
    policy = f'{HEAD}\n  <meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    page.write_text(content.replace(HEAD, policy), encoding="utf-8")


def _place_model(model: Path, place: Path) -> None:
    if model.suffix == ".onnx":
        shutil.copyfile(model, place)
    else:
        export_onnx(model, place)
    # The browser's ONNX Runtime hands out no metadata.
    written = onnxruntime.InferenceSession(place).get_modelmeta().custom_metadata_map[DESCRIPTION_KEY]
    place.with_suffix(".json").write_text(json.dumps(json.loads(written)), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Build as the arguments say; a user's mistake gives one sentence and status 1."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    model, folder = map(Path, arguments)
    try:
        build(model, folder)
    except (CrnnOcrError, OSError, KeyError) as error:
        print(f"web/build.py: {error}", file=sys.stderr)
        return 1
    print(f"{folder}: hand it out with any file server, such as python3 -m http.server --directory {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
