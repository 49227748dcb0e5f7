# The service, small (ONNX Runtime, no PyTorch) and without privileges:
# docker build -t crnn-ocr . && docker run -p 8000:8000 crnn-ocr
# To pin the base image too, write python:3.12-slim@sha256:DIGEST in both places; the digest is the line "Digest" of
# `docker buildx imagetools inspect python:3.12-slim`. It is not pinned here, so that a build has the latest fixes.
FROM python:3.12-slim AS build
RUN python -m venv /opt/venv
WORKDIR /source
# Every dependency in the version of the lock, with a hash that pip compares.
COPY locks/serve.txt locks/serve.txt
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement locks/serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home reader
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
USER reader
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["crnn-ocr", "serve", "--host", "0.0.0.0", "--port", "8000"]
CMD ["fsns"]
