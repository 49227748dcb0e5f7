"""The self-check of a recipe: a version of it that learns a few batches by heart."""

from crnn_seq2seq_ocr.config import Recipe


def overfit_recipe(recipe: Recipe, batches: int) -> Recipe:
    """Return the recipe of a self-check: overfit so many batches, without chance, until all texts are right."""
    samples = recipe.training.batch_size * batches
    training = recipe.training.model_copy(
        update={
            "evaluate_every": 50,
            "save_every": 10_000_000,
            "validation_samples": samples,
            "stop_at": 1.0,
            "patience": None,
            "teacher_forcing": recipe.training.teacher_forcing.model_copy(update={"start": 1.0, "end": 1.0}),
            "optimizer": recipe.training.optimizer.model_copy(
                update={"schedule": "constant", "average": None, "weight_decay": 0.0}
            ),
        }
    )
    encoder = recipe.model.encoder.model_copy(update={"dropout": 0.0})
    decoder = recipe.model.decoder.model_copy(update={"dropout": 0.0})
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-overfit",
            "augmentation": None,
            "model": recipe.model.model_copy(update={"encoder": encoder, "decoder": decoder}),
            "data": recipe.data.model_copy(update={"train_samples": samples, "validation": recipe.data.train}),
            "training": training,
        }
    )
