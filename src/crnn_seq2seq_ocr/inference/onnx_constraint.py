"""A constraint within the loop of an exported ONNX file: the file is changed in memory, without the package onnx.

The changed network takes the arrays of a `Pattern` or of a `Lexicon` too (`onnx_steps` names them), and gives one
output more, ``allowed`` (N, L). In each step it sets the log-probabilities of tokens that are not allowed to minus
infinity before the likeliest is taken, as `model.search.beam_search` does with a beam of 1. Files of every version can
be changed so; they themselves stay as quick as they are.
"""

from collections.abc import Callable, Mapping

import numpy as np

from crnn_seq2seq_ocr.inference.onnx_messages import (
    ATTRIBUTE_GRAPH,
    ATTRIBUTE_NAME,
    GRAPH,
    INITIALIZER,
    INPUT,
    NODE,
    NODE_ATTRIBUTE,
    NODE_INPUT,
    NODE_OUTPUT,
    NODE_TYPE,
    Message,
    described,
    names,
    node,
    parsed,
    tensor,
    value_name,
    written,
)
from crnn_seq2seq_ocr.inference.onnx_messages import OUTPUT as GRAPH_OUTPUT
from crnn_seq2seq_ocr.inference.onnx_steps import Steps

OUTPUT = "allowed"


def constrained(content: bytes, steps: Steps, arrays: Mapping[str, np.ndarray] | None = None) -> bytes:
    """Return the network of an exported file with a constraint in its loop.

    Args:
        content: Of the file.
        steps: The kind of the constraint.
        arrays: Of the constraint, by the names of its kind, which then are part of the file; None makes them inputs.

    Raises:
        ValueError: It is no file that this package exported.
    """
    return written((key, _graph(value, steps, arrays) if key == GRAPH else value) for key, value in parsed(content))


def _graph(content: int | bytes, steps: Steps, arrays: Mapping[str, np.ndarray] | None) -> bytes:
    """Write the whole graph: what the constraint begins with, the loop, and the new output."""
    graph = parsed(content)
    place, loop = _find(graph, lambda node: _type(node) == "Loop")
    _, tokens = _find(graph, lambda node: names(node, NODE_OUTPUT) == ["tokens"])
    ended = names(tokens, NODE_INPUT)[0]  # (N, L), which places come after the end
    longest, _, last = names(loop, NODE_INPUT)[:3]
    begin = [node("Shape", [last], "within/rows"), *steps.begin]
    end = [
        node("Transpose", ["within/all"], "within/turned"),
        node("Where", [ended, "within/nothing", "within/turned"], OUTPUT),
    ]
    graph[place : place + 1] = [(NODE, each) for each in [*begin, _loop(loop, steps, longest)]]
    graph += [(NODE, each) for each in end]
    graph += [(INITIALIZER, tensor(name, value)) for name, value in (_constants() | steps.constants).items()]
    if arrays is None:
        graph += [(INPUT, described(name, count, steps.kind)) for name, count in steps.inputs.items()]
    else:
        graph += [(INITIALIZER, tensor(name, arrays[name])) for name in steps.inputs]
    return written([*graph, (GRAPH_OUTPUT, described(OUTPUT, 2))])


def _loop(loop: Message, steps: Steps, longest: str) -> bytes:
    """Write the loop, which carries the state of the constraint, and gives what was allowed in each step."""
    carried = len(names(loop, NODE_INPUT)) - 2  # besides how often, and whether at all
    outputs = names(loop, NODE_OUTPUT)
    outputs = [*outputs[:carried], "within/final", *outputs[carried:], "within/all"]
    changed: Message = [(key, value) for key, value in loop if key != NODE_OUTPUT]
    changed.append((NODE_INPUT, b"within/active"))
    changed += [(NODE_OUTPUT, name.encode()) for name in outputs]
    return written(
        (key, _body_attribute(value, steps, longest, carried) if key == NODE_ATTRIBUTE else value)
        for key, value in changed
    )


def _body_attribute(content: int | bytes, steps: Steps, longest: str, carried: int) -> bytes:
    attribute = parsed(content)
    if (ATTRIBUTE_NAME, b"body") not in attribute:
        return written(attribute)
    return written(
        (key, _body(value, steps, longest, carried) if key == ATTRIBUTE_GRAPH else value) for key, value in attribute
    )


def _body(content: int | bytes, steps: Steps, longest: str, carried: int) -> bytes:
    """Write one step, in which the likeliest of the allowed tokens is taken."""
    body = parsed(content)
    number = value_name(next(value for key, value in body if key == INPUT))
    place, likeliest = _find(body, lambda node: _type(node) == "TopK")
    log_probs = names(likeliest, NODE_INPUT)[0]
    following = [value_name(value) for key, value in body if key == GRAPH_OUTPUT]
    token = following[1]  # after whether to go on
    mask = [
        *steps.allow(longest, number),
        node("Where", ["within/is_allowed", log_probs, "within/impossible"], "within/log_probs"),
        node("ReduceLogSumExp", ["within/log_probs", "within/axis"], "within/mass", keepdims=0),
    ]
    chosen = written(
        (key, b"within/log_probs" if (key, value) == (NODE_INPUT, log_probs.encode()) else value)
        for key, value in likeliest
    )
    body[place : place + 1] = [(NODE, each) for each in [*mask, chosen]]
    body += [(NODE, each) for each in steps.follow(token)]
    values = [value for key, value in body if key == GRAPH_OUTPUT]
    state = described("within/after", steps.dimensions, steps.kind)
    after = [*values[: carried + 1], state, *values[carried + 1 :], described("within/mass", 1)]
    body = [(key, value) for key, value in body if key != GRAPH_OUTPUT]
    before = described("within/before", steps.dimensions, steps.kind)
    return written([*body, (INPUT, before), *((GRAPH_OUTPUT, each) for each in after)])


def _constants() -> dict[str, np.ndarray]:
    return {
        "within/axis": np.array([1], np.int64),
        "within/nothing": np.array(0, np.float32),
        "within/impossible": np.array(-np.inf, np.float32),
    }


def _find(graph: Message, wanted: Callable[[Message], bool]) -> tuple[int, Message]:
    """Find where the only node of a kind is among the fields of a graph, and its own fields."""
    nodes = ((place, parsed(value)) for place, (key, value) in enumerate(graph) if key == NODE)
    found = [(place, node) for place, node in nodes if wanted(node)]
    if len(found) != 1:
        raise ValueError("its graph is not one that this package writes")
    return found[0]


def _type(node: Message) -> str:
    return names(node, NODE_TYPE)[0]
