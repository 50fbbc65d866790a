# The images of a deployment, one target each: `api` (the last, so the default), `dashboard` and `jobs`.
#
#   docker build --target api -t solvent-api .     with a Docker engine
#   python tools/build_images.py --help            without one
#
# The base is named by the digest of its index for all platforms (Python 3.11.16); Dependabot proposes newer ones.
ARG BASE=docker.io/library/python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7

# Everything that installs stays in this stage and its children; the images get one folder from them.
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/build.txt requirements/build.txt
RUN python3 -m venv /opt/tools \
    && /opt/tools/bin/pip install --quiet --require-hashes --requirement requirements/build.txt \
    && python3 -m venv --without-pip /opt/solvent

FROM build AS wheel
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
RUN /opt/tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel .

FROM build AS api-environment
COPY requirements/serve.txt requirements/serve.txt
RUN /opt/tools/bin/pip --python /opt/solvent/bin/python install --quiet --no-deps --require-hashes --requirement requirements/serve.txt \
    && find /opt/solvent/lib -type d -name tests -prune -exec rm -r {} +
COPY --from=wheel /wheel /wheel
RUN /opt/tools/bin/pip --python /opt/solvent/bin/python install --quiet --no-deps /wheel/*.whl

FROM build AS dashboard-environment
COPY requirements/dashboard.txt requirements/dashboard.txt
RUN /opt/tools/bin/pip --python /opt/solvent/bin/python install --quiet --no-deps --require-hashes --requirement requirements/dashboard.txt \
    && find /opt/solvent/lib -type d -name tests -prune -exec rm -r {} +
COPY --from=wheel /wheel /wheel
RUN /opt/tools/bin/pip --python /opt/solvent/bin/python install --quiet --no-deps /wheel/*.whl

FROM build AS jobs-environment
COPY requirements/jobs.txt requirements/jobs.txt
RUN /opt/tools/bin/pip --python /opt/solvent/bin/python install --quiet --no-deps --require-hashes --requirement requirements/jobs.txt \
    && find /opt/solvent/lib -type d -name tests -prune -exec rm -r {} +
COPY --from=wheel /wheel /wheel
RUN /opt/tools/bin/pip --python /opt/solvent/bin/python install --quiet --no-deps /wheel/*.whl

# What all images are at run time: no installer of ours, a user without rights, and two places that can be written to
# when the root file system is read-only: /tmp and /var/lib/solvent. Volumes of /keys and /ledger belong to that user.
FROM ${BASE} AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && groupadd --gid 10001 solvent \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/solvent --shell /usr/sbin/nologin solvent \
    && install --directory --owner solvent --group solvent --mode 0700 /var/lib/solvent /keys /ledger \
    && install --directory --owner solvent --group solvent /models
ENV PATH=/opt/solvent/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SOLVENT_ENVIRONMENT=production \
    SOLVENT_HOME=/var/lib/solvent \
    SOLVENT_LOG_FORMAT=json
WORKDIR /var/lib/solvent
USER 10001:10001
ENTRYPOINT ["solvent"]

# Batch work: a simulated lender, training, histories, monitors, the MLflow server.
FROM runtime AS jobs
COPY --from=jobs-environment /opt/solvent /opt/solvent
ENV MLFLOW_DISABLE_TELEMETRY=true MPLCONFIGDIR=/tmp/matplotlib
HEALTHCHECK NONE
CMD ["--help"]

FROM runtime AS dashboard
COPY --from=dashboard-environment /opt/solvent /opt/solvent
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["dashboard", "--host", "0.0.0.0"]

FROM runtime AS api
COPY --from=api-environment /opt/solvent /opt/solvent
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["api", "--bundle", "/models/champion", "--host", "0.0.0.0", "--workers", "2"]
