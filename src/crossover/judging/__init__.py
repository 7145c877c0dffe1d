"""Judging answers with a language model: what is asked, and how strictly replies are read.

``judge`` holds the modes (rubric, checklist, pairwise, each with graded examples where wanted),
``verdicts`` reads replies, ``labelled`` reads graded examples, ``candidates`` keeps a model from
judging itself. Runs are judged by ``crossover.experiments.judging.judged``.
"""
