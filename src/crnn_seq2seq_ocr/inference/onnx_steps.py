"""What a constraint does in each step of an exported network's loop, as nodes of ONNX: patterns and lexicons.

Both say of the same names: ``within/before`` is the state of each row before the step, ``within/is_allowed`` (N,
classes) which tokens may follow, and ``within/after`` the state after the token that was chosen. They compute what
`Pattern` and `Lexicon` themselves do.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.inference.onnx_messages import FLOAT, INT64, node
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.model.lexicon import Lexicon
from crnn_seq2seq_ocr.model.pattern import Pattern

State = list[bytes]
"""Nodes, in an order in which each comes after what it takes."""


class Steps(NamedTuple):
    """One kind of constraint.

    Attributes:
        name: Of the kind.
        inputs: The arrays that it takes, and how many dimensions each has.
        kind: The type of its arrays and of its state, FLOAT or INT64.
        dimensions: Of the state; the first is N.
        constants: What its nodes take besides.
        begin: Makes the state ``within/active`` of the first step from ``within/rows``, which holds N.
        allow: Makes ``within/is_allowed``, given the names of the most steps and of the step's number.
        follow: Makes ``within/after``, given the name of the chosen token (N,).
    """

    name: str
    inputs: dict[str, int]
    kind: int
    dimensions: int
    constants: dict[str, np.ndarray]
    begin: State
    allow: Callable[[str, str], State]
    follow: Callable[[str], State]


def _allow_pattern(longest: str, number: str) -> State:
    return [
        node("MatMul", ["within/before", "follow"], "within/reached"),  # (N, S)
        node("Sub", [longest, number], "within/left"),  # the end has no further token: left is room + 1
        node("Cast", ["within/left"], "within/room", to=FLOAT),
        node("Less", ["to_end", "within/room"], "within/is_near"),
        node("Cast", ["within/is_near"], "within/near", to=FLOAT),
        node("Mul", ["within/reached", "within/near"], "within/fitting"),
        node("MatMul", ["within/fitting", "kinds"], "within/ways"),  # (N, classes)
        node("Greater", ["within/ways", "within/nothing"], "within/is_allowed"),
    ]


def _follow_pattern(token: str) -> State:
    return [
        node("Greater", ["within/reached", "within/nothing"], "within/is_reached"),
        node("Cast", ["within/is_reached"], "within/reachable", to=FLOAT),
        node("Gather", ["kinds", token], "within/columns", axis=1),  # (S, N)
        node("Transpose", ["within/columns"], "within/led_to"),
        node("Mul", ["within/reachable", "within/led_to"], "within/after"),
    ]


PATTERN = Steps(
    name="pattern",
    inputs={"first": 1, "follow": 2, "kinds": 2, "to_end": 1},
    kind=FLOAT,
    dimensions=2,
    constants={},
    begin=[
        node("Concat", ["within/rows", "within/axis"], "within/sizes", axis=0),
        node("Expand", ["first", "within/sizes"], "within/active"),  # (N, S)
    ],
    allow=_allow_pattern,
    follow=_follow_pattern,
)
"""The state is (N, S): which positions of the expression each beginning may have reached."""


def _allow_lexicon(longest: str, number: str) -> State:
    """Look up the edges of each node, of the most edges that a node has, and write where each leads under its token."""
    return [
        node("Gather", ["starts", "within/before"], "within/first_edge", axis=0),  # (N,)
        node("Add", ["within/before", "within/one"], "within/node_after"),
        node("Gather", ["starts", "within/node_after"], "within/last_edge", axis=0),
        node("Unsqueeze", ["within/first_edge", "within/axis"], "within/from"),  # (N, 1)
        node("Unsqueeze", ["within/last_edge", "within/axis"], "within/to"),
        node("Add", ["within/from", "places"], "within/edges"),  # (N, C)
        node("Less", ["within/edges", "within/to"], "within/is_edge"),
        node("Where", ["within/is_edge", "within/edges", "within/none"], "within/edge"),
        node("Gather", ["tokens_of_edges", "within/edge"], "within/tokens", axis=0),  # (N, C)
        node("Add", ["within/edge", "within/one"], "within/led_to"),  # the edge e leads to the node e + 1
        node("Gather", ["to_end", "within/led_to"], "within/way", axis=0),
        node("Sub", [longest, number], "within/left"),  # the end has no further token: left is room + 1
        node("Less", ["within/way", "within/left"], "within/is_near"),
        node("And", ["within/is_edge", "within/is_near"], "within/fits"),
        # What is no edge is written into a column beyond the last class, which is cut off.
        node("Where", ["within/fits", "within/tokens", "classes"], "within/columns"),
        node("Where", ["within/fits", "within/led_to", "within/none"], "within/nodes"),
        node("Shape", ["within/before"], "within/here"),
        node("Add", ["classes", "within/one"], "within/width"),
        node("Concat", ["within/here", "within/width"], "within/sizes", axis=0),
        node("Expand", ["within/none", "within/sizes"], "within/blank"),  # (N, classes + 1)
        node("ScatterElements", ["within/blank", "within/columns", "within/nodes"], "within/written", axis=1),
        node("Slice", ["within/written", "within/begin", "classes", "within/axis"], "within/children"),  # (N, classes)
        node("Greater", ["within/children", "within/none"], "within/is_allowed"),
    ]


def _follow_lexicon(token: str) -> State:
    return [
        node("Unsqueeze", [token, "within/axis"], "within/chosen"),  # (N, 1)
        node("GatherElements", ["within/children", "within/chosen"], "within/child", axis=1),
        node("Squeeze", ["within/child", "within/axis"], "within/after"),
    ]


LEXICON = Steps(
    name="lexicon",
    inputs={"starts": 1, "tokens_of_edges": 1, "to_end": 1, "places": 1, "classes": 1},
    kind=INT64,
    dimensions=1,
    constants={
        "within/one": np.array([1], np.int64), "within/none": np.array([0], np.int64),
        "within/begin": np.array([0], np.int64),
    },
    begin=[node("Expand", ["within/none", "within/rows"], "within/active")],  # (N,)
    allow=_allow_lexicon,
    follow=_follow_lexicon,
)  # fmt: skip
"""The state is (N,): the node of the trie where each beginning is."""


def steps_of(constraint: Constraint) -> tuple[Steps, dict[str, np.ndarray]]:
    """Return the steps of a constraint's kind, and its own arrays.

    Raises:
        CheckpointError: It is of another kind, which only PyTorch reads within.
    """
    match constraint:
        case Pattern():
            return PATTERN, dict(constraint.arrays)
        case Lexicon():
            return LEXICON, dict(constraint.arrays)
    raise CheckpointError(
        f"an ONNX file reads within a pattern or a lexicon, not within {constraint.description}: load the model that "
        "it was exported from, with the backend torch"
    )
