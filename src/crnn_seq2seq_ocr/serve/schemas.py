"""What requests and responses look like, with examples: the OpenAPI description is made of these."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Detail = Literal["text", "characters", "attention"]
DETAIL = "How much to tell: the text alone, its characters, or also where the model looked for each of them."

LONGEST_CONSTRAINT = 200
"""Characters of `allow` and of `pattern`."""

LONGEST_NAME = 255
"""Characters of the name of a text."""

ALLOW = "The only characters that are read, as within the brackets of a regular expression, such as `0-9A-F`."
PATTERN = "A regular expression that every text matches whole, without look-around and references back."

ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
"""A PNG file in base64, for examples."""


class Wanted(BaseModel):
    """One text to read."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=LONGEST_NAME, description="Comes back with the reading; never opened.")] = ""
    views: Annotated[list[str], Field(min_length=1, description="Pictures of this one text: image files in base64.")]


class ReadRequest(BaseModel):
    """Texts to read, as JSON."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"texts": [{"name": "sign", "views": [ONE_PIXEL]}], "detail": "characters"}]},
    )

    texts: Annotated[list[Wanted], Field(min_length=1)]
    detail: Annotated[Detail, Field(description=DETAIL)] = "characters"
    allow: Annotated[str | None, Field(min_length=1, max_length=LONGEST_CONSTRAINT, description=ALLOW)] = None
    pattern: Annotated[str | None, Field(min_length=1, max_length=LONGEST_CONSTRAINT, description=PATTERN)] = None


class ReadAlternative(BaseModel):
    """What may stand in the place of a character."""

    model_config = ConfigDict(from_attributes=True)

    text: Annotated[str, Field(description="Empty: the text may end here.")]
    confidence: Annotated[float, Field(ge=0, le=1, description="The model's probability, given those before.")]


class ReadCharacter(BaseModel):
    """One character read."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    confidence: Annotated[float, Field(ge=0, le=1, description="The model's probability, given those before.")]
    view: Annotated[int | None, Field(description="The view looked at most; absent if the model mixes views.")] = None
    x: Annotated[float, Field(description="Where in the view, 0 left to 1 right.")]
    y: Annotated[float, Field(description="The same, 0 top to 1 bottom.")]
    alternatives: Annotated[
        list[ReadAlternative], Field(description="What else it may be, from a probability of 1 % on, likeliest first.")
    ]


class ReadRegion(BaseModel):
    """Where a view lies in its picture, as shares of it; beyond 0 to 1 is filling."""

    picture: int
    left: float
    top: float
    width: float
    height: float


class ReadAttention(BaseModel):
    """Where the model looked: a grid over each view, for each character."""

    rows: int
    columns: int
    views: Annotated[int, Field(description="Grids of a character; 1 where the model mixes views: it is all of them.")]
    grids: Annotated[
        list[str],
        Field(description="One a character: base64 of views x rows x columns bytes, row by row; 255 is its brightest."),
    ]
    regions: Annotated[list[ReadRegion], Field(description="Where each view lies in the pictures that were sent.")]


class ReadText(BaseModel):
    """One text read."""

    name: str
    text: str
    confidence: Annotated[float, Field(ge=0, le=1, description="The model's probability of exactly this text.")]
    allowed: Annotated[
        float | None,
        Field(
            ge=0, le=1, description="With `allow` or `pattern`: the probability that the model gave to what they allow."
        ),
    ] = None
    complete: Annotated[bool, Field(description="False where it was cut at the model's longest text.")]
    characters: list[ReadCharacter] | None = None
    attention: ReadAttention | None = None


class ReadResponse(BaseModel):
    """Readings in the order of the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "fsns",
                    "readings": [
                        {
                            "name": "sign",
                            "text": "Rue",
                            "confidence": 0.95,
                            "complete": True,
                            "characters": [
                                {"text": "R", "confidence": 0.99, "view": 0, "x": 0.21, "y": 0.5, "alternatives": []},
                                {
                                    "text": "u",
                                    "confidence": 0.98,
                                    "view": 0,
                                    "x": 0.42,
                                    "y": 0.5,
                                    "alternatives": [{"text": "ü", "confidence": 0.02}],
                                },
                                {"text": "e", "confidence": 0.98, "view": 0, "x": 0.63, "y": 0.5, "alternatives": []},
                            ],
                        }
                    ],
                }
            ]
        }
    )

    model: str
    readings: list[ReadText]


class ModelResult(BaseModel):
    """What the model read of some data."""

    data: str
    samples: int
    sequence_accuracy: float
    cer: float


class Model(BaseModel):
    """A model that is being served."""

    name: str
    about: str
    views: Annotated[int, Field(description="Most pictures of one text.")]
    characters: Annotated[str, Field(description="All that it can write.")]
    max_length: Annotated[int, Field(description="Most characters of a text.")]
    pages: Annotated[bool, Field(description="Whether it finds the text of whole photographs at `/v1/pages`.")] = False
    results: list[ModelResult]


class Models(BaseModel):
    """The models that are being served."""

    models: list[Model]


class ProblemDetails(BaseModel):
    """What was wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    code: Annotated[str, Field(description="What kind of problem, one word for programs.")]
    detail: Annotated[str, Field(description="What was wrong and what to do, for people.")]


_FORM = {
    "type": "object",
    "required": ["picture"],
    "properties": {
        "picture": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "One or several image files.",
        },
        "views": {
            "type": "boolean",
            "default": False,
            "description": "All pictures are views of one text; else each is a text of its own.",
        },
        "detail": {"type": "string", "enum": ["text", "characters", "attention"], "default": "characters",
                   "description": DETAIL},
        "allow": {"type": "string", "minLength": 1, "maxLength": LONGEST_CONSTRAINT, "description": ALLOW},
        "pattern": {"type": "string", "minLength": 1, "maxLength": LONGEST_CONSTRAINT, "description": PATTERN},
    },
}  # fmt: skip


def _without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a request with that of its texts in its place: OpenAPI looks for references elsewhere."""
    (wanted,) = schema.pop("$defs").values()
    schema["properties"]["texts"]["items"] = wanted
    return schema


READ_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "application/json": {"schema": _without_references(ReadRequest.model_json_schema())},
        },
    }
}
"""OpenAPI's description of the body of ``POST /v1/read``, in both of its forms."""

_PROBLEMS = {
    400: "The body is damaged.",
    401: "A key is needed, or is wrong.",
    408: "The request came too slowly.",
    413: "The body, or a picture, is too large.",
    415: "The body is neither a form nor JSON.",
    422: "The body is well-formed but cannot be read: what is wrong is said.",
    429: "Too busy, or too many wrong keys: try again after the seconds of Retry-After.",
    503: "The service is ending, holds too much, or took too long.",
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {"application/problem+json": {"schema": ProblemDetails.model_json_schema()}},
    }
    for status, description in _PROBLEMS.items()
}
"""OpenAPI's description of what can go wrong."""
