"""What the answers about whole photographs look like, for the OpenAPI description."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PageForm = Literal["json", "text", "hocr", "alto", "page"]

MEDIA_TYPES: dict[PageForm, str] = {
    "text": "text/plain; charset=utf-8",
    "hocr": "text/html; charset=utf-8",
    "alto": "application/xml",
    "page": "application/xml",
}
"""Of the forms for one photograph; JSON is for any number of them."""


class _Placed(BaseModel):
    text: str
    confidence: Annotated[float, Field(ge=0, le=1, description="The probability of exactly this text.")]
    quadrilateral: Annotated[
        list[tuple[float, float]],
        Field(description="Corners x, y in pixels of the upright picture, clockwise from the top left of the text."),
    ]


class PageWord(_Placed):
    """What stands between two spaces."""


class PageLine(_Placed):
    """Words that are read one after the other."""

    words: list[PageWord]


class PageBlock(_Placed):
    """Lines that belong together; the confidence is their mean."""

    lines: list[PageLine]


class PageAnswer(BaseModel):
    """One photograph, read. A picture without text has no blocks."""

    name: str
    width: Annotated[int, Field(description="Of the upright picture, in pixels.")]
    height: int
    text: Annotated[str, Field(description="Lines in reading order, an empty line between two blocks.")]
    confidence: Annotated[float, Field(ge=0, le=1, description="The share of lines that are expected to be right.")]
    blocks: list[PageBlock]


class PagesResponse(BaseModel):
    """Photographs in the order of the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "words",
                    "pages": [
                        {
                            "name": "photo",
                            "width": 640,
                            "height": 480,
                            "text": "",
                            "confidence": 1.0,
                            "blocks": [],
                        }
                    ],
                }
            ]
        }
    )

    model: str
    pages: list[PageAnswer]


PAGE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()}},
}
"""OpenAPI's description of the answers that are no JSON."""
