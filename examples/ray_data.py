"""Read all pictures of a folder with the workers of a Ray cluster.

    python examples/ray_data.py MODEL FOLDER OUT [WORKERS]

writes Parquet files with the columns name, text, confidence, complete, characters and error into the folder OUT.

The cluster is the one that the environment's RAY_ADDRESS names, else a small one on this machine for the time being.
Every machine of it needs `pip install 'crnn-seq2seq-ocr[ray]'` and must find the model and the pictures: the name of a
model that comes along does everywhere, and pictures may be in any storage that Ray Data reads, such as s3://bucket.
"""

import os
import sys

import ray

from crnn_seq2seq_ocr.bulk.ray_data import ReadPictures


def main(model: str, folder: str, out: str, workers: int = 2) -> None:
    """Read, and write what was read."""
    # Workers keep their CPUs: one more finds the files and writes.
    ray.init(num_cpus=None if os.environ.get("RAY_ADDRESS") else workers + 1)
    pictures = ray.data.read_binary_files(folder, include_paths=True, file_extensions=["png", "jpg", "jpeg"])
    readings = pictures.map_batches(
        ReadPictures,
        fn_constructor_args=(model,),
        compute=ray.data.ActorPoolStrategy(size=workers),
        batch_size=64,
        num_cpus=1,  # of each worker; with accelerators: num_gpus=1
    )
    readings.write_parquet(out)
    ray.shutdown()


if __name__ == "__main__":
    read_by, pictures_in, written_to, *processes = sys.argv[1:]
    main(read_by, pictures_in, written_to, *map(int, processes))
