"""Each name of PyTorch and Accelerate that they do not promise: it is there, and does what we use it for."""

import ast
import re
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr.system import torch_private

PACKAGE = Path(crnn_seq2seq_ocr.__file__).parent


def test_workers_are_found_and_ended() -> None:
    batches = iter(DataLoader(range(4), num_workers=1))  # type: ignore[arg-type]
    (worker,) = torch_private.worker_processes(batches)
    assert worker.is_alive()
    torch_private.end_workers(batches)
    assert not worker.is_alive()
    assert torch_private.worker_processes(iter(DataLoader(range(4)))) == []  # type: ignore[arg-type]


def test_another_precision_after_the_accelerator_is_forgotten() -> None:
    torch_private.forget_accelerator()
    assert Accelerator(mixed_precision="no", cpu=True).mixed_precision == "no"
    with pytest.raises(ValueError, match="already been initialized"):
        Accelerator(mixed_precision="bf16", cpu=True)
    torch_private.forget_accelerator()
    assert Accelerator(mixed_precision="bf16", cpu=True).mixed_precision == "bf16"
    torch_private.forget_accelerator()


def test_what_the_processor_computes_in() -> None:
    assert torch_private.processor_has_bf16() in (True, False)


@pytest.mark.parametrize("finite", [True, False])
def test_a_fused_step_is_skipped(finite: bool) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight], lr=0.1, fused=True)
    weight.grad = torch.ones(3)
    torch_private.skip_unless(optimizer, torch.tensor(finite))
    optimizer.step()
    assert torch.equal(weight, torch.ones(3)) is not finite


def test_averages_move_by_a_share() -> None:
    averages, weights = [torch.zeros(2), torch.ones(1)], [torch.ones(2), torch.full((1,), 3.0)]
    torch_private.move_towards(averages, weights, torch.tensor(0.25))
    assert [each.tolist() for each in averages] == [[0.25, 0.25], [1.5]]


@pytest.mark.slow
def test_loops_that_can_be_exported() -> None:
    total, sums = torch_private.scan(lambda carry, each: (carry + each, carry + each), torch.zeros(2), torch.ones(3, 2))
    assert total.tolist() == [3, 3]
    assert sums.tolist() == [[1, 1], [2, 2], [3, 3]]
    (count,) = torch_private.while_loop(lambda n: n < 5, lambda n: (n + 1,), (torch.zeros((), dtype=torch.long),))
    assert int(count) == 5


def test_nothing_private_is_used_elsewhere() -> None:
    """Underscored modules and attributes of torch and accelerate, by name."""
    found = []
    for file in PACKAGE.rglob("*.py"):
        if file.name == "torch_private.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"torch", "accelerate"}:
                names = [*(node.module or "").split("."), *(each.name for each in node.names)]
            elif isinstance(node, ast.Attribute) and re.fullmatch(r"(torch|accelerate)[.\w]+", ast.unparse(node)):
                names = ast.unparse(node).split(".")
            else:
                continue
            found += [f"{file.name}: {name}" for name in names if name.startswith("_") and not name.endswith("__")]
    assert found == []
    text = "".join(
        file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py") if file.name != "torch_private.py"
    )
    assert "_reset_state" not in text
    assert "found_inf" not in text
