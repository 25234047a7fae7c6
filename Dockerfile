# The service. No Docker engine was at hand: its steps were run one after the other in a fresh environment of Python 3.11.
#   docker build -t stylex . && docker run --rm -p 127.0.0.1:8000:8000 stylex
FROM python:3.11-slim

WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY tools tools
COPY stylex stylex
# OpenCV without a desktop's libraries, which a server doesn't have.
RUN pip install --no-cache-dir -c constraints.txt '.[cpu,serve]' \
    && pip uninstall --yes opencv-python \
    && pip install --no-cache-dir -c constraints.txt opencv-python-headless \
    && rm -rf /source

USER nobody
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
CMD ["stylex", "serve", "--host", "0.0.0.0"]
