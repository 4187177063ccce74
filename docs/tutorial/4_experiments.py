# %% [markdown]
# # 4. Experiments
#
# How do the embedding size, dropout and the way of training change the result? Each answer is a few
# lines.

# %%
from palate import lesson
from palate.lesson import q9, q10, q11, q12

lesson.require("matplotlib", "pandas")

import pandas as pd
from matplotlib import pyplot as plt

from palate import KerasFactorization, LeastSquares

s = lesson.setup()


def fitted(**options):
    trainer = LeastSquares(biases=False, l2_scaling=0, max_sweeps=10, patience=10, **options)
    return trainer.fit(s.train, validation=s.holdout, callback=lambda report: None)


# %% [markdown]
# ## Embedding size
#
# This is the training and validation error after 10 sweeps, for three sizes and four penalties:

# %%
rows = []
for n_factors in (8, 16, 32):
    for l2 in (1, 3, 10, 30):
        last = fitted(n_factors=n_factors, l2_user=l2, l2_item=l2).history.sweeps[-1]
        rows.append({"size": n_factors, "l2": l2, "training": last.train_rmse, "validation": last.validation_rmse})
sizes = pd.DataFrame(rows)
sizes.pivot(index="l2", columns="size", values=["training", "validation"]).round(3)

# %%
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for color, marker, (n_factors, part) in zip(("tab:blue", "tab:orange", "tab:green"), "osD", sizes.groupby("size")):
    ax.plot(part.l2, part.validation, f"{marker}-", color=color, label=f"{n_factors} factors, validation")
    ax.plot(part.l2, part.training, f"{marker}:", color=color, label=f"{n_factors} factors, training")
ax.set(xscale="log", xlabel="penalty l2 on the factors", ylabel="RMSE (stars)", title="Error by embedding size and penalty")
ax.set_xticks([1, 3, 10, 30], ["1", "3", "10", "30"])
ax.minorticks_off()
ax.grid(alpha=0.3)
ax.legend(ncols=3, loc="lower center", fontsize=8)
ax.set_ylim(0, None)
plt.show()

# %%
q10.check(
    "Training error falls with the size while validation error rises: overfitting. Give the larger sizes a stronger penalty."
)

# %%
q10.solution()

# %% [markdown]
# ## Dropout
#
# In least squares, dropout has a closed form without random numbers: the expected loss over all
# masks.

# %%
pd.DataFrame(
    [
        {
            "dropout": dropout,
            **{
                f"validation RMSE, l2={l2}": fitted(n_factors=32, dropout=dropout, l2_user=l2, l2_item=l2)
                .history.sweeps[-1]
                .validation_rmse
                for l2 in (1, 10)
            },
        }
        for dropout in (0, 0.1, 0.2, 0.4)
    ]
).round(3)

# %%
q9.check("It zeroes coordinates at random in training, and works as a penalty on the products.")

# %%
q9.solution()

# %% [markdown]
# ## Convergence
#
# Alternating least squares solves for all films exactly, and then for all users. Adam, which the
# exercise uses, takes a step for each batch of ratings (2,000 here, because there are so few); see
# [Keras](../keras.md). Both minimize the same objective, and one sweep or epoch uses every rating
# once.

# %%
history = {"least squares (sweeps)": fitted(n_factors=8, l2_user=10, l2_item=10).history.sweeps}
if lesson.needs("keras", "jax"):
    adam = KerasFactorization(n_factors=8, l2_user=10 / len(s.train), l2_item=10 / len(s.train), batch_size=2000, epochs=10)
    history["Adam (epochs)"] = adam.fit(s.train, validation=s.holdout, callback=lambda report: None).history.sweeps

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for name, sweeps in history.items():
    ax.plot([sweep.sweep for sweep in sweeps], [sweep.validation_rmse for sweep in sweeps], "o-", label=name)
ax.set(xlabel="sweep or epoch", ylabel="validation RMSE (stars)", title="Convergence, 8 factors, penalty 10")
ax.grid(alpha=0.3)
ax.legend()
plt.show()

# %%
pd.DataFrame({name: {sweep.sweep: sweep.validation_rmse for sweep in sweeps} for name, sweeps in history.items()}).loc[
    [1, 2, 3, 5, 10]
].round(3)

# %%
q11.check("Adam is slow at first, as the gradient of a product of vectors near zero is small; exact solves need a few sweeps.")

# %%
q11.solution()

# %% [markdown]
# ## Factorization or a network?

# %%
q12.check("When there are features besides the ids, or new films without ratings.")

# %%
q12.solution()

# %% [markdown]
# Next: [other data](5_other_data.md). Before: [what the model has learned](3_inside.md).
