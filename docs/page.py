"""Takes the picture of the page that the README shows: python docs/page.py fsns"""

import io
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

EXAMPLE, CHARACTER = 0, 8


def main(model: str) -> None:
    """Serve a model, read an example on the page, point at a character, take the picture."""
    command = [sys.executable, "-m", "crnn_seq2seq_ocr", "serve", model, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child, sync_playwright() as playwright:
        assert child.stdout is not None
        address = re.search(r"http://\S+", child.stdout.readline())
        assert address, "the service has not started"
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 940})
        page.goto(address[0])
        page.locator("#examples button").nth(EXAMPLE).click()
        expect(page.locator(".card .text")).to_be_visible()
        page.locator(".character").nth(CHARACTER).hover()
        page.wait_for_timeout(500)  # until the picture has dimmed
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        shot.quantize(256, kmeans=1).save(Path(__file__).with_name("page.png"), optimize=True)  # half the size
        browser.close()
        child.terminate()


if __name__ == "__main__":
    main(sys.argv[1])
