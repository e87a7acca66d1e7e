# The image of Baton: docker build -t baton .   See docs/operations.md.
ARG PYTHON=3.13-slim-bookworm
FROM python:${PYTHON} AS build
# For mirrors, and for a build without a network.
ARG PIP_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS
RUN python -m venv /opt/baton
WORKDIR /src
# What changes seldom comes first, so that its layer is kept.
COPY requirements.txt ./
RUN /opt/baton/bin/pip install --no-cache-dir -r requirements.txt
COPY . .
RUN /opt/baton/bin/pip install --no-cache-dir --no-deps . \
    && /opt/baton/bin/pip uninstall --yes --quiet pip setuptools

FROM python:${PYTHON}
ARG VERSION="" REVISION="" CREATED=""
LABEL org.opencontainers.image.title="Baton" \
      org.opencontainers.image.description="Crawls and exports creators with a pool of accounts" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# A number that no host gives to a person. Volumes keep it, so it never changes.
RUN groupadd --gid 10001 baton \
    && useradd --uid 10001 --gid baton --home-dir /data --shell /usr/sbin/nologin --no-create-home baton \
    && install -d -o baton -g baton -m 0700 /data
COPY --from=build /opt/baton /opt/baton
ENV PATH=/opt/baton/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BATON_HOME=/data \
    BATON_WEB_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8600
# OCI images have no health check: podman builds it with --format docker.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["baton", "healthcheck"]
# Without a shell between, which would keep SIGTERM to itself.
ENTRYPOINT ["baton"]
CMD ["run", "--init"]
