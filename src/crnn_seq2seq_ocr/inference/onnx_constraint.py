"""A constraint within the loop of an exported ONNX file: the file is changed in memory, without the package onnx.

The changed network takes the arrays of a `Pattern` too, ``first`` (S,), ``follow`` (S, S), ``kinds`` (S, classes) and
``to_end`` (S,), and gives one output more, ``allowed`` (N, L). In each step it sets the log-probabilities of tokens
that are not allowed to minus infinity before the likeliest is taken, as `model.search.beam_search` does with a beam of
1. Files of every version can be changed so; they themselves stay as quick as they are.

Source of the numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from crnn_seq2seq_ocr.system.protobuf import fields

INPUTS = {"first": 1, "follow": 2, "kinds": 2, "to_end": 1}
"""The arrays of a constraint, and how many dimensions each has."""

OUTPUT = "allowed"

_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12  # of GraphProto
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE, _NODE_ATTRIBUTE = 1, 2, 4, 5  # of NodeProto
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_GRAPH, _ATTRIBUTE_KIND = 1, 3, 6, 20
_KIND_INT = 2  # of AttributeProto
_FLOAT, _INT64 = 1, 7  # of TensorProto

Message = list[tuple[int, int | bytes]]
"""The fields of a message."""


def constrained(content: bytes, arrays: Mapping[str, np.ndarray] | None = None) -> bytes:
    """Return the network of an exported file with a constraint in its loop.

    Args:
        content: Of the file.
        arrays: Of the constraint, by `INPUTS`, which then are part of the file; None makes them inputs.

    Raises:
        ValueError: It is no file that this package exported.
    """
    return _written((key, _graph(value, arrays) if key == _GRAPH else value) for key, value in _parsed(content))


def _graph(content: int | bytes, arrays: Mapping[str, np.ndarray] | None) -> bytes:
    """Write the whole graph: what the constraint begins with, the loop, and the new output."""
    graph = _parsed(content)
    place, loop = _find(graph, lambda node: _type(node) == "Loop")
    _, tokens = _find(graph, lambda node: _names(node, _NODE_OUTPUT) == ["tokens"])
    ended = _names(tokens, _NODE_INPUT)[0]  # (N, L), which places come after the end
    longest, _, last = _names(loop, _NODE_INPUT)[:3]
    begin = [
        _node("Shape", [last], "within/rows"),  # (N,)
        _node("Concat", ["within/rows", "within/axis"], "within/sizes", axis=0),
        _node("Expand", ["first", "within/sizes"], "within/active"),  # (N, S)
    ]
    end = [
        _node("Transpose", ["within/all"], "within/turned"),
        _node("Where", [ended, "within/nothing", "within/turned"], OUTPUT),
    ]
    graph[place : place + 1] = [(_NODE, each) for each in [*begin, _loop(loop, longest)]]
    graph += [(_NODE, each) for each in end]
    graph += [(_INITIALIZER, _tensor(name, value)) for name, value in _constants().items()]
    if arrays is None:
        graph += [(_INPUT, _value(name, count)) for name, count in INPUTS.items()]
    else:
        graph += [(_INITIALIZER, _tensor(name, arrays[name])) for name in INPUTS]
    return _written([*graph, (_OUTPUT, _value(OUTPUT, 2))])


def _loop(loop: Message, longest: str) -> bytes:
    """Write the loop, which carries the state of the constraint, and gives what was allowed in each step."""
    carried = len(_names(loop, _NODE_INPUT)) - 2  # besides how often, and whether at all
    outputs = _names(loop, _NODE_OUTPUT)
    outputs = [*outputs[:carried], "within/final", *outputs[carried:], "within/all"]
    changed: Message = [(key, value) for key, value in loop if key != _NODE_OUTPUT]
    changed.append((_NODE_INPUT, b"within/active"))
    changed += [(_NODE_OUTPUT, name.encode()) for name in outputs]
    return _written(
        (key, _body_attribute(value, longest, carried) if key == _NODE_ATTRIBUTE else value) for key, value in changed
    )


def _body_attribute(content: int | bytes, longest: str, carried: int) -> bytes:
    attribute = _parsed(content)
    if (_ATTRIBUTE_NAME, b"body") not in attribute:
        return _written(attribute)
    return _written(
        (key, _body(value, longest, carried) if key == _ATTRIBUTE_GRAPH else value) for key, value in attribute
    )


def _body(content: int | bytes, longest: str, carried: int) -> bytes:
    """Write one step, in which the likeliest of the allowed tokens is taken."""
    body = _parsed(content)
    number = _value_name(next(value for key, value in body if key == _INPUT))
    place, likeliest = _find(body, lambda node: _type(node) == "TopK")
    log_probs = _names(likeliest, _NODE_INPUT)[0]
    following = [_value_name(value) for key, value in body if key == _OUTPUT]
    token = following[1]  # after whether to go on
    mask = [
        _node("MatMul", ["within/before", "follow"], "within/reached"),  # (N, S)
        _node("Sub", [longest, number], "within/left"),  # the end has no further token: left is room + 1
        _node("Cast", ["within/left"], "within/room", to=_FLOAT),
        _node("Less", ["to_end", "within/room"], "within/is_near"),
        _node("Cast", ["within/is_near"], "within/near", to=_FLOAT),
        _node("Mul", ["within/reached", "within/near"], "within/fitting"),
        _node("MatMul", ["within/fitting", "kinds"], "within/ways"),  # (N, classes)
        _node("Greater", ["within/ways", "within/nothing"], "within/is_allowed"),
        _node("Where", ["within/is_allowed", log_probs, "within/impossible"], "within/log_probs"),
        _node("ReduceLogSumExp", ["within/log_probs", "within/axis"], "within/mass", keepdims=0),
    ]
    state = [
        _node("Greater", ["within/reached", "within/nothing"], "within/is_reached"),
        _node("Cast", ["within/is_reached"], "within/reachable", to=_FLOAT),
        _node("Gather", ["kinds", token], "within/columns", axis=1),  # (S, N)
        _node("Transpose", ["within/columns"], "within/led_to"),
        _node("Mul", ["within/reachable", "within/led_to"], "within/after"),
    ]
    chosen = _written(
        (key, b"within/log_probs" if (key, value) == (_NODE_INPUT, log_probs.encode()) else value)
        for key, value in likeliest
    )
    body[place : place + 1] = [(_NODE, each) for each in [*mask, chosen]]
    body += [(_NODE, each) for each in state]
    values = [value for key, value in body if key == _OUTPUT]
    after = [*values[: carried + 1], _value("within/after", 2), *values[carried + 1 :], _value("within/mass", 1)]
    body = [(key, value) for key, value in body if key != _OUTPUT]
    return _written([*body, (_INPUT, _value("within/before", 2)), *((_OUTPUT, each) for each in after)])


def _constants() -> dict[str, np.ndarray]:
    return {
        "within/axis": np.array([1], np.int64),
        "within/nothing": np.array(0, np.float32),
        "within/impossible": np.array(-np.inf, np.float32),
    }


def _find(graph: Message, wanted: Callable[[Message], bool]) -> tuple[int, Message]:
    """Find where the only node of a kind is among the fields of a graph, and its own fields."""
    nodes = ((place, _parsed(value)) for place, (key, value) in enumerate(graph) if key == _NODE)
    found = [(place, node) for place, node in nodes if wanted(node)]
    if len(found) != 1:
        raise ValueError("its graph is not one that this package writes")
    return found[0]


def _type(node: Message) -> str:
    return _names(node, _NODE_TYPE)[0]


def _names(message: Message, key: int) -> list[str]:
    return [value.decode() for number, value in message if number == key and isinstance(value, bytes)]


def _value_name(value: int | bytes) -> str:
    return _names(_parsed(value), 1)[0]


def _parsed(content: int | bytes) -> Message:
    """Return the fields of a message that has none of a fixed size."""
    if isinstance(content, int):
        raise ValueError("it is no ONNX file")
    return [(key, bytes(content[value]) if isinstance(value, slice) else value) for key, value in fields(content)]


def _written(message: Iterable[tuple[int, int | bytes]]) -> bytes:
    parts = []
    for key, value in message:
        if isinstance(value, int):
            parts.append(_varint(key << 3) + _varint(value))
        else:
            parts += [_varint(key << 3 | 2) + _varint(len(value)), value]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


def _node(kind: str, inputs: list[str], output: str, **attributes: int) -> bytes:
    told = [
        _written(
            [(_ATTRIBUTE_NAME, name.encode()), (_ATTRIBUTE_INT, value), (_ATTRIBUTE_KIND, _KIND_INT)]
        )
        for name, value in attributes.items()
    ]  # fmt: skip
    return _written(
        [
            *((_NODE_INPUT, name.encode()) for name in inputs),
            (_NODE_OUTPUT, output.encode()),
            (_NODE_TYPE, kind.encode()),
            *((_NODE_ATTRIBUTE, each) for each in told),
        ]
    )


def _tensor(name: str, value: np.ndarray) -> bytes:
    """Write a TensorProto: sizes, type, name and bytes."""
    kind = _INT64 if value.dtype == np.int64 else _FLOAT
    return _written([*((1, size) for size in value.shape), (2, kind), (8, name.encode()), (9, value.tobytes())])


def _value(name: str, dimensions: int) -> bytes:
    """Write a ValueInfoProto of floats of any size."""
    shape = _written([(1, b"")] * dimensions)
    return _written([(1, name.encode()), (2, _written([(1, _written([(1, _FLOAT), (2, shape)]))]))])
