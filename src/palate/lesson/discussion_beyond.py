"""Questions on convergence, networks and other data: q11 to q13, with possible claims."""

from palate.lesson.question import Discussion, Idea, Mistake

q11 = Discussion(
    name="q11",
    asks=(
        "Convergence: how do the losses of the dense network and of factorization move over time, and why "
        "do they differ?"
    ),
    hint_text=(
        "what is the gradient of p . q when both vectors start near zero? And which step does alternating "
        "least squares take instead?"
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "why factorization starts slowly",
            "GRADIENT ~6 small/tiny/zero/N0/near/vanish*/proportional/little; saddle; "
            "small/tiny/vanish*/little/low ~2 "
            "GRADIENT; START ~5 zero/N0/small/tiny; zero/N0/small/tiny ~3 START; product ~6 "
            "small/tiny/zero/N0; "
            "small/tiny ~1 vector/number/value; symmetr*",
            "Why does the loss of a factorization hardly move in the first epochs under Adam?",
        ),
        Idea(
            "that few ratings move each vector",
            "own ~2 RATING/row; on its/their own; share/shared/sharing; update* ~1 by ~1 ALL; ONLY ~8 "
            "update*/touch*/train*/chang*/mov*; update*/touch*/mov*/train*/chang*/learn* ~2 HARDLY/ONLY; "
            "HARDLY ~1 "
            "update*/touch*; FEW ~2 RATING/update*/example*/gradient*; sparse*; ALL ~2 "
            "RATING/example*/sample* ~4 "
            "update*/mov*/chang*/train*/help*; each/every ~3 FACTOR/row/user/film ~4 ONLY/FEW/own",
            "How many of the ratings move one vector, and how many the shared weights of a network?",
        ),
        Idea(
            "that exact solves need few sweeps",
            "exact*; closed ~1 form; least squares; als; alternat*; sweep; second order; newton",
            "What if one side is solved exactly while the other stands still?",
        ),
        Idea(
            "how the losses move",
            "SLOW; FAST; MORE ~2 epoch*/time/step*; level*; drops/drop/fall/falls; converge*; first",
            "And why? Look at the gradient of p . q when both vectors are near zero, and at how many "
            "ratings move one vector.",
            worth=0,
        ),
        Idea(
            "overfitting later",
            "overfit*",
            "What does the validation loss do in the end?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "SAME; no differen*; computer/machine/laptop/cpu ~3 SLOW/FAST",
            "look again: which of the two falls at once, and which hardly moves at first?",
        ),
        Mistake(
            "both ~3 up/rise*",
            "both fall: which at once, and which hardly moves at first?",
        ),
    ),
    text=(
        "A network's biases and shared weights are moved by every rating, so that its loss falls at once and "
        "then crawls. In a factorization, the gradient of p . q by p is q: with both near zero (a saddle) "
        "almost nothing moves at first, and each vector is moved only by its own ratings. With one side "
        "fixed, though, the problem is plain least squares for every row: alternating exact solves take a "
        "handful of sweeps where Adam takes tens of epochs."
    ),
)

q12 = Discussion(
    name="q12",
    asks="Factorization has the lower error here. When would you want the dense network instead?",
    hint_text="what else is known of users, films and the moment, and can a product of two vectors use it?",
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "what is known besides the ids",
            "FEATURE; MORE/other/side/input/many/different ~2 "
            "input*/variable*/information/info/column*/feature*; MORE "
            "~1 about; know* ~3 MORE; know* ~4 about; time ~1 day; timestamp*/date*/season*; "
            "age/year/actors/directors/cast",
            "What could a network take in besides two ids?",
        ),
        Idea(
            "new users and films",
            "new ~2 user/film/movie/item/customer/book/song; new ~1 ones; cold; NOT ~3 RATING; unseen; "
            "unrated",
            "What of a film that nobody has rated yet?",
        ),
        Idea(
            "relations that are no products",
            "nonlinear*; complex*/complicated ~2 interact*/relation*/pattern*/function*/depend*; "
            "interact*/relation*/pattern* ~4 complex*/complicated; NOT ~4 product/linear; "
            "sequen*/session*/order*; "
            "multitask; task",
            "Which relations can a product of two vectors not express?",
        ),
        Idea(
            "that there is more",
            "MORE ~1 data; bigger/large*/big/lots; complex*; complicated; different; better",
            "More of what? What could a network take in besides two ids, or express that a product cannot?",
            worth=0,
        ),
        Idea(
            "what it costs",
            "cost*; expens*",
            "What does it cost, and how much data does it need?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "never; always",
            "say when, and what for: what could the network use that the products cannot?",
        ),
        Mistake(
            "ONLY ~4 id; !FEATURE; linear; !new; FAST",
            "then the product is the better form: it has the right structure and trains in seconds. What "
            "could a "
            "network use that it cannot?",
        ),
    ),
    text=(
        "When there is more to go by than two ids: texts, pictures, the time, the device, what was watched "
        "just before; when films or users are new and have features but no ratings; when the relation is no "
        "product, as in sequences; when one model serves several tasks. For ratings by ids alone the product "
        "is the better form: it has the right structure built in, and trains in seconds. Features that act "
        "linearly fit into a factorization, too: see Gibbs in docs/model.md."
    ),
)

q13 = Discussion(
    name="q13",
    asks="Does the same hold on other data, such as books, or songs with counts of plays? What has to "
    "change?",
    hint_text="what does a 5 mean, what a play count of 40, and what does it mean that there is no entry "
    "at all?",
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "that counts are no ratings",
            "implicit; confiden*; COUNT ~4 NOT ~5 RATING/score/star/explicit; COUNT ~5 NOT ~2 RATING; NOT ~2 "
            "RATING/explicit; COUNT ~8 weight*; weights; weight/weighted/weighting; negative*; !negative*; "
            "ONLY ~2 positive; preference*; "
            "log/logarithm*/transform*/convert*/binar*/normali*; how often; !mean/dislike*; NOT ~1 "
            "upper/limit/maximum;"
            " NOT ~2 explicit/star; unplayed/unheard; COUNT ~4 mean/means/say/says/show/shows",
            "What does a play count say, and what does it not?",
        ),
        Idea(
            "that the strengths do not carry over",
            "HYPER ~8 TUNE; TUNE ~6 HYPER; retun*; HYPER ~6 depend*; HYPER ~3 not ~2 same; not ~2 same ~2 "
            "HYPER; re "
            "tun*; tuned; tuning",
            "Do the penalty and the threshold carry over?",
        ),
        Idea(
            "that the scale is another",
            "scale ~3 differ*/other/another/chang*/adjust*; differ*/other/another/chang*/adjust*/new ~2 "
            "scale; scale ~6 TUNE",
            "And what does a play count of 40 say, and what does no play say?",
        ),
        Idea(
            "that lists are judged by rank",
            "rank*; METRIC",
            "How is a list of songs judged, without stars?",
        ),
        Idea(
            "that what is missing says something",
            "missing; unobserved; absent; NOT ~2 play*/heard/entry/listen*",
            "What does a missing entry say?",
            worth=0,
        ),
        Idea(
            "whether it holds",
            "yes; hold*; same; first there; no; partly; not exactly; mostly",
            "And what has to change: do the strengths carry over, and what does a play count say?",
            worth=0,
        ),
        Idea(
            "that something changes",
            "differ*; something; scale; data",
            "What changes: the scale, the strengths, the meaning of a number and of none?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "nothing ~3 chang*; exactly the same; no changes; no change; SAME ~1 HYPER",
            "two things at least change: the strength of the penalty, and what a number (or none) means.",
            always=True,
        ),
        Mistake(
            "COUNT ~5 RATING/star/score; ratings directly",
            "a count is no rating: what does it say that somebody played a song 40 times, and what that "
            "they never did?",
        ),
    ),
    text=(
        'Books with ratings are the same story: palate.read("goodbooks-10k/ratings.csv"), the scale is 1 to '
        "5, there are authors in place of genres, and strengths and thresholds are chosen anew, since they "
        "depend on how many ratings there are. Counts of plays are no ratings: a count says how sure it is "
        "that somebody likes a song, and no count is weak evidence that not. So counts become weights and "
        "unobserved pairs count as 0 (LeastSquares.for_counts), and lists are judged by rank metrics. The "
        "docs read other files in docs/data.md."
    ),
)
