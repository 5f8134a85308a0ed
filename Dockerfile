# podman build -t vsock-loadgen . (docker and buildah take it too).
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ARG EXTRAS=kubernetes,serve,uvloop
# A C compiler makes what every report passes through compiled code.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml hatch_build.py constraints.txt README.md LICENSE ./
COPY src ./src
# Of plotly, pages take one file: the rest is 65 MB.
RUN python -m venv /opt/vsock-loadgen \
    && /opt/vsock-loadgen/bin/python -m pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ".[${EXTRAS}]" \
    && /opt/vsock-loadgen/bin/python -m pip uninstall --yes narwhals pip \
    && find /opt/vsock-loadgen/lib -path '*/site-packages/plotly/*' -type f ! -name plotly.min.js -delete

FROM python:${PYTHON}-slim
COPY --from=build /opt/vsock-loadgen /opt/vsock-loadgen
# Where a manifest names the command, it is found.
RUN ln -s /opt/vsock-loadgen/bin/vsock-loadgen /usr/local/bin/vsock-loadgen
# Root would be needed for one thing only: to listen on a vsock port below 1024, as the real relay does.
USER 65532:65532
EXPOSE 9090
ENTRYPOINT ["vsock-loadgen"]
CMD ["--help"]
