"""The process that runs a network for another one: ``python -m crnn_seq2seq_ocr.inference.onnx_process``."""

from typing import Any

import numpy as np

from crnn_seq2seq_ocr.system.isolated import Arrays, answer_all


class _Network:
    """Loads the network that the first message holds, then runs it for each further one."""

    def __init__(self) -> None:
        self._session: Any = None

    def answer(self, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[dict[str, Any], Arrays]:
        if self._session is not None:
            outputs = self._session.run(about["outputs"], arrays)
            return {}, dict(zip(about["outputs"], outputs, strict=True))
        from crnn_seq2seq_ocr.inference.onnx_session import LocalSession

        content = arrays.pop("content").tobytes()
        self._session = LocalSession(content, about["where"], device=about["device"], threads=about["threads"])
        return {"outputs": sorted(self._session.outputs)}, {}


if __name__ == "__main__":
    answer_all(_Network().answer)
