"""Recipes: every setting of a training run, checked, with one line on each."""

from crnn_seq2seq_ocr.config.base import Settings, Size
from crnn_seq2seq_ocr.config.encoders import ConvTransformerSettings, EncoderSettings, Stage, VggLstmSettings
from crnn_seq2seq_ocr.config.inputs import Augmentation, DataSettings, Preprocessing, TextSettings
from crnn_seq2seq_ocr.config.loading import load_recipe, make_recipe, recipe_names
from crnn_seq2seq_ocr.config.model import DecoderSettings, ModelSettings
from crnn_seq2seq_ocr.config.recipe import Recipe
from crnn_seq2seq_ocr.config.training import (
    LossSettings,
    OptimizerSettings,
    TeacherForcing,
    TrainingSettings,
)

__all__ = [
    "Augmentation",
    "ConvTransformerSettings",
    "DataSettings",
    "DecoderSettings",
    "EncoderSettings",
    "LossSettings",
    "ModelSettings",
    "OptimizerSettings",
    "Preprocessing",
    "Recipe",
    "Settings",
    "Size",
    "Stage",
    "TeacherForcing",
    "TextSettings",
    "TrainingSettings",
    "VggLstmSettings",
    "load_recipe",
    "make_recipe",
    "recipe_names",
]
