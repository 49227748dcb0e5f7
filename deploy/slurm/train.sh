#!/bin/bash
# sbatch deploy/slurm/train.sh: one training over all accelerators of two nodes; a job that is put back in the queue goes on.
#SBATCH --job-name=crnn-ocr-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=4
#SBATCH --requeue
#SBATCH --signal=TERM@120
set -eu
RUN=${RUN:-runs/words}
RESUME=()
if compgen -G "$RUN/checkpoints/*" > /dev/null; then RESUME=(--resume); fi
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# A store that is new each time, or processes that are started anew may look for the old ones.
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
exec srun torchrun --nnodes "$SLURM_NNODES" --nproc-per-node 4 --max-restarts 3 \
    --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID" --rdzv-endpoint "$HEAD:29500" \
    -m crnn_seq2seq_ocr train words --out "$RUN" "${RESUME[@]}"
