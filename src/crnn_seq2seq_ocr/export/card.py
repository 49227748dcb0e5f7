"""The card of a released model, as the hub shows it: what it is for, what it reads, how to use it."""

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.text import UNASSIGNED

_HEAD = """---
library_name: crnn-seq2seq-ocr
pipeline_tag: image-to-text
tags:
- ocr
- text-recognition
---

# {name}

{about}

## Use

```
pip install 'crnn-seq2seq-ocr[hub]'
crnn-ocr read hf://{repository} picture.png
```

```python
from crnn_seq2seq_ocr import Reader

reader = Reader.load("hf://{repository}")
print(reader.read(["picture.png"])[0].text)
```

## What it reads

- {views}, {height} pixels high
- texts of up to {max_length} characters
- {characters}: `{charset}`

## Results

"strict" is the share of whole texts that are right with case, accents and spaces; "folded" forgives case and accents.
CER is the character error rate. The calibration error is how far the confidence is from the share that is right.

| data | samples | strict | folded | CER | calibration error |
|---|---|---|---|---|---|
{rows}
"""


def model_card(description: Description, repository: str) -> str:
    """Write the card of a model in Markdown, with the metadata that the hub reads at its head."""
    charset = description.charset.replace(UNASSIGNED, "")
    views = description.preprocessing.views
    rows = (
        f"| {_cell(each.data)} | {each.samples:,} | {each.sequence_accuracy:.1%} | {each.folded_accuracy:.1%} "
        f"| {each.cer:.1%} | {each.calibration_error:.3f} |"
        for each in description.results
    )
    return _HEAD.format(
        name=description.name,
        about=description.about,
        repository=repository,
        views="one view" if views == 1 else f"one to {views} views of one text",
        height=description.preprocessing.height,
        max_length=description.max_length,
        characters=f"{len(charset)} characters",
        charset=charset.replace("`", "\u02cb").strip(),
        rows="\n".join(rows),
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
