#!/bin/bash
# sbatch deploy/slurm/read.sh: up to 32 jobs read one list; each may begin, end and be taken away at any time.
#SBATCH --job-name=crnn-ocr-read
#SBATCH --array=1-32
#SBATCH --cpus-per-task=4
#SBATCH --requeue
set -eu
exec crnn-ocr read words --input "${LIST:-list.txt}" --output "${OUTPUT:-readings.parquet}" --share
