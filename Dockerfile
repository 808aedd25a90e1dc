# ktg_mm on CPUs, with the command ktg as its entry:
#   docker build -t ktg_mm .
#   docker run --rm -v "$PWD:/work" ktg_mm train dml/dml_3node_digits_100
# For GPUs (and docker run --gpus all): --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128
# Untried: no docker daemon was at hand when this was written; what pip does in it is.
FROM python:3.11-slim

# OpenCV takes the first two, mmengine's description of the environment the third.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 git \
    && rm -rf /var/lib/apt/lists/*

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" 'torch>=2.11,<3' 'torchvision>=0.26,<1'

COPY . /src
RUN pip install --no-cache-dir '/src[onnx,postgresql,timm]' && rm -rf /src

# Runs write into the folder that they are started in.
WORKDIR /work
ENTRYPOINT ["ktg"]
CMD ["--help"]
