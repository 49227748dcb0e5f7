"""What commands write, in a folder or in an object store."""

from pathlib import Path

from crnn_seq2seq_ocr.cli.printing import echo, make_console


def send_output(*places: Path | None) -> None:
    """Send what `system.outputs.stage` gave paths for, and say so; places on this computer have it already."""
    from crnn_seq2seq_ocr.system.addresses import is_remote, shown
    from crnn_seq2seq_ocr.system.outputs import send

    for place in places:
        if place is None or not is_remote(place):
            continue
        with make_console(stderr=True).status("sending") as status:
            count = send(place, progress=lambda done, total: status.update(f"sending: {done:,} of {total:,} files"))
        echo(f"{shown(place)}: {count:,} file{'s' * (count > 1)} sent", err=True)
