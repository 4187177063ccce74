"""Questions on penalties, biases, dropout and size: q7 to q10, with possible claims."""

from palate.lesson.question import Discussion, Idea, Mistake

q7 = Discussion(
    name="q7",
    asks="What do the recommendations of a model without biases become as the L2 penalty grows without "
    "limit?",
    hint_text=(
        "what are all the numbers for users and films then, what is their product, and what is left of a "
        "prediction?"
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "that the vectors shrink to zero",
            "zero/N0/vanish*/disappear*/nil; to nothing; nothing ~2 left; die ~1 out",
            "What becomes of the vectors?",
        ),
        Idea(
            "that every prediction becomes the mean",
            "MEAN; SAME ~2 value/number/rating/prediction/score; PREDICT ~4 SAME/N3; collaps*",
            "What is predicted when the products are zero?",
        ),
        Idea(
            "that the lists become alike, of what many liked",
            "SAME; NOT ~3 PERSONAL/distinguish*/differ*/apart; non ~0 personal*; nonpersonal*/impersonal*; "
            "most/ONLY ~1"
            " RENOWNED/popular*; popular*/RENOWNED ~5 ALL; ALL ~4 popular*/RENOWNED; "
            "arbitrar*/random*/tie; ignor* ~2 "
            "user; TASTE/user ~3 NOT ~4 MATTER/role/count/influence*; NOT ~3 MATTER/depend* ~4 "
            "TASTE/user/person",
            "Just before that, which films resist the penalty longest, and for whom?",
        ),
        Idea(
            "that the numbers get smaller",
            "SHRINK; get* ~1 small*",
            "Smaller without limit: where do they end, and what is then predicted?",
            worth=0,
        ),
        Idea(
            "that the films are better known",
            "popular*; RENOWNED; less UNKNOWN; !UNKNOWN",
            "That is on the way. And at the end: what is predicted when all numbers are zero, and for whom?",
            worth=0,
        ),
        Idea(
            "that the model gets worse",
            "WORSE; underfit*; ERROR ~2 up/rise*/grow*/increas*/higher; bad",
            "In what way? What are the numbers then, and what is predicted?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "MORE ~1 UNKNOWN; become UNKNOWN/rarer",
            "look at it again: which films have so many ratings that large numbers still pay?",
        ),
        Mistake(
            "MORE ~2 PERSONAL/different; !SAME; different ~1 list/recommendation/film",
            "look at it again: what tells two users apart when all their numbers are small?",
        ),
        Mistake(
            "FACTOR ~3 grow*/bigger/larger/infinite; PREDICT ~4 infinite/grow*/spread*/bigger/larger; "
            "!SHRINK; !zero; overfit*",
            "it is the other way round: large numbers cost more and more. What becomes of them?",
        ),
        Mistake(
            "nothing/not ~1 chang*",
            "something changes: look at the largest number of the vectors as the penalty grows.",
        ),
    ),
    text=(
        "All vectors shrink to zero and every prediction to the mean: without biases, nothing is left to rank"
        " by. On the way there the lists turn from obscure to well known to the same for everyone, since the "
        "films that resist longest are those with the most ratings above the mean, and one direction (how "
        "much is this liked at all) survives the others. Beyond a certain strength zero itself is the "
        "optimum: every sweep makes the vectors smaller, and what is left of the order is one list for all, "
        "less what each has seen."
    ),
)

q8 = Discussion(
    name="q8",
    asks="What do biases of users and films add, and is accuracy much affected by taking them away?",
    hint_text=(
        "compare three errors: the mean with biases alone, factors alone, both. Which penalty presses on what"
        " everybody knows of a film?"
    ),
    variable="answer",
    needed=2,
    ideas=(
        Idea(
            "what a bias stands for",
            "GENEROUS; LEVEL; main effect; MEAN; PEOPLE/user/some ~4 rate/rates/give/gives/rating ~3 "
            "higher/lower/high/low/different*; rate ~2 higher/lower/high/low; some ~3 "
            "better/worse/popular*; how ~3 "
            "good/well/wellknown/popular*; scale ~1 different*; wellknown/loved/liked ~3 ALL; ALL ~2 "
            "loves/love/likes/like/liked/hates",
            "What does a user's bias say of the user, and a film's of the film?",
        ),
        Idea(
            "what the error does",
            "ERROR/ACCURACY ~5 CHANGE/WORSE/affect*/matter*; CHANGE/WORSE/BETTER ~4 ERROR/ACCURACY; affect*; "
            "cost/costs/hurt*/suffer*; matter*; accurate; without ~2 ERROR/ACCURACY ~3 CHANGE/WORSE; "
            "MANY/MORE ~3 DATA/RATING ~8 HARDLY/FEW ~3 CHANGE/ERROR/affect*/cost/costs/matter",
            "What happens to the error on held-out ratings when they are taken away?",
        ),
        Idea(
            "that factors are left to taste",
            "LEFT; FACTOR ~4 LEFT; free",
            "What is then left for the factors to tell?",
        ),
        Idea(
            "that the penalty presses on the factors, not on the bias",
            "regulari*/penal*/l2 ~6 FACTOR/bias*; FACTOR/bias* ~6 regulari*/penal*/l2",
            "Which penalty falls on the general liking of a film, with and without a bias?",
        ),
    ),
    mistakes=(
        Mistake(
            "ERROR ~3 lower/fall*/drop*/decreas*/improv*/smaller ~2 without/removed/removing; ACCURACY ~3 "
            "BETTER/rise*/increas* ~2 without/removed/removing; BETTER ~1 without; without ~4 more "
            "accurate/precise; ACCURACY ~3 better/improv*/rise*/increas* ~4 SWITCH; "
            "ERROR ~3 lower/fall*/drops/decreas*/improv*/smaller ~4 SWITCH; SWITCH ~3 DOWN ~2 ERROR; "
            "SWITCH/without ~3 ERROR ~2 fall*/drops/decreas*/lower/improv*/smaller/DOWN; "
            "SWITCH/without ~3 ACCURACY ~2 better/improv*/rise*/increas*; SWITCH ~3 improv* ~2 ACCURACY",
            "look at the table again: which error is lower, that of factors alone or that of both?",
            always=True,
        ),
    ),
    text=(
        "A user's bias is how generous a person is, a film's how well it is liked by everybody; the products "
        "are left to taste. Without biases the factors must tell both, under one penalty: strong enough "
        "against chance, it also presses down what everybody knows. On the bundled films biases alone reach "
        "an RMSE of 0.889, factors alone at their best penalty 0.919, both together 0.872. With 20 million "
        "ratings, as in the exercise, factors can learn the biases, and taking these away costs little; with "
        "100,000 it costs a lot."
    ),
)

q9 = Discussion(
    name="q9",
    asks="What does dropout on the embeddings do in a matrix factorization?",
    hint_text=(
        "the loss is squared error, and the prediction is linear in each vector: what is the expected loss "
        "over all random masks?"
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "that it is a kind of penalty",
            "regulari*/penal*/l2/l1/ridge/weightdecay/prior/shrink*; "
            "DOWN/prevent*/avoid*/against/stop*/less/fight*/combat*/hinder*/counter*/limit*/control*/help*/"
            "keep* ~7 OVERFIT; NOT ~1 OVERFIT; OVERFIT ~2 DOWN; "
            "prevent*/avoid*/reduc* ~2 adaptation/coadaptation; "
            "generali*; "
            "robust*; VALID ~4 lower/smaller/better/improv*/fall*/drop*; "
            "!rely/depend*/important/dominat*/co; memori* "
            "~1 less; keep*/stop* ~4 memori*; harder ~6 OVERFIT; keep*/stop*/prevent* ~4 coadapt*; "
            "prevent*/avoid*/keep*/stop* ~5 dominat*/rely*",
            "What does it work against?",
        ),
        Idea(
            "that some coordinates are zero at random in training",
            "RANDOM ~6 OFF/zero/N0; OFF/zero/zeroes ~6 RANDOM; RANDOM ~4 "
            "factor/embedding/vector/weight/parameter/coefficient/coordinate/latent/dimension/neuron/unit/"
            "component; "
            "OFF ~3 "
            "factor/embedding/vector/weight/parameter/coefficient/coordinate/latent/dimension/neuron/unit/"
            "component; "
            "factor/embedding/vector/weight/parameter/coefficient/coordinate/latent/dimension/neuron/unit/"
            "component ~6 "
            "OFF/N0; set* ~6 zero/N0; noise ~4 "
            "factor/embedding/vector/weight/parameter/coefficient/coordinate/latent/dimension/neuron/unit/"
            "component",
            "What happens to the coordinates of a vector in training?",
        ),
        Idea(
            "that it weighs on the products, by how many ratings there are",
            "product; interaction; expect*; closed; marginal; number ~1 RATING",
            "How does the expected loss differ from the plain one?",
            worth=0,
        ),
        Idea(
            "that it is off in prediction",
            "test; predict*; inference; rescal*",
            "And what happens to the numbers of a vector in training?",
            worth=0,
        ),
        Idea(
            "that something is left out",
            "OFF ~2 some/something/thing*/number*/value*/stuff; noise",
            "What is left out, when, and how is it chosen?",
            worth=0,
        ),
        Idea(
            "that training changes",
            "harder; BETTER",
            "What happens to the numbers of a vector in training, and what does that work against?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "test/predict*/inference/testing ~4 mask*/dropped/drops; ONLY ~3 test/predict*/inference; "
            "drops/drop/dropped/zeroes/zeros/removes/removed/masks ~3 at/in/during/when ~1 "
            "test/testing/inference/prediction/predicting",
            "in prediction nothing is dropped: the vectors are used whole.",
            always=True,
        ),
        Mistake(
            "cause*/lead*/more/increas*/add* ~4 OVERFIT; OVERFIT ~1 MORE; !regulari*/penal*; "
            "!prevent*/reduc*/avoid*/help*; MORE ~1 OVERFIT; memori* ~1 MORE",
            "it is the other way round: look at the validation errors with and without it.",
            always=True,
        ),
        Mistake(
            "OFF ~1 users/ratings/films/movies/rows/reviews",
            "nothing leaves the table: look at the numbers of a vector in training.",
            always=True,
        ),
        Mistake(
            "RATING/FILM/user/column/rate ~2 OFF; OFF ~3 RATING/FILM/user/column/rate",
            "nothing leaves the table: look at the numbers of a vector in training.",
        ),
    ),
    text=(
        "In training, each coordinate of both vectors is zero with probability d and the others are scaled "
        "up; in prediction nothing is dropped. Under squared error the expectation over all masks has a "
        "closed form: the plain loss plus (1 / (1 - d)^2 - 1) times the sum of p_f^2 q_f^2 over the ratings. "
        "So dropout is a penalty, one on the products, that grows with the ratings a user or film has. With "
        "32 factors and a small L2 of 1 it takes the validation RMSE from 1.285 to 0.899 on the bundled "
        "films "
        "(d = 0.4); L2 alone comes down to 0.920. LeastSquares(dropout=0.2) minimises that expectation "
        "without"
        " a random number; see docs/model.md."
    ),
)

q10 = Discussion(
    name="q10",
    asks=(
        "Compare training and validation loss for sizes 8, 16 and 32: how can overfitting be prevented "
        "with a larger embedding?"
    ),
    hint_text=(
        "does the training error fall with the size? Does the validation error, at a fixed small penalty, and"
        " at the best penalty of each size?"
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "a penalty that fits the size",
            "PENALTY; norm; STOP ~3 early/earlier/sooner; early ~1 STOP; STOP ~1 train*; STOP ~4 "
            "when/before/once/as; "
            "STOP ~6 VALID",
            "What could hold back the larger vectors?",
        ),
        Idea(
            "more ratings to learn from",
            "MORE ~2 DATA/RATING",
            "And with the ratings there are: what could hold back the larger vectors?",
        ),
        Idea(
            "that training and validation part",
            "train* ~8 VALID; VALID ~8 train*; OVERFIT; memori*; gap; VALID ~6 CHANGE; heldout ~3 CHANGE; "
            "generali*",
            "Which loss falls with the size, and which rises? And what could hold back the larger vectors?",
            worth=0,
        ),
        Idea(
            "that the best strength is found on validation",
            "best; tun*; choos*; chosen; search; grid; validation set",
            "Is the best strength the same for every size?",
            worth=0,
        ),
        Idea(
            "a smaller size",
            "FEW/DOWN ~2 factor/embedding/dimension/parameter/size/vector; smaller",
            "That would do; the question is how to keep the larger size. What could hold back its numbers?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "MORE ~1 epoch*; train* ~2 longer; longer ~1 train*",
            "longer training lowers the training loss; look at the validation loss.",
        ),
        Mistake(
            "SWITCH ~1 PENALTY; drop off ~2 PENALTY; turn*/switch* ~3 PENALTY ~1 off; DOWN ~1 PENALTY; "
            "!PENALTY",
            "that is the other way round: compare the validation loss at l2=1 and at l2=10.",
            always=True,
        ),
        Mistake(
            "!STOP; !prevent*; use/add/take/need/with ~3 UP ~2 factor/embedding; MORE ~1 factor/embedding; "
            "increas* ~2 "
            "size; VALID ~2 always fall*",
            "look at the validation loss again: where is it lowest, and what is different there?",
        ),
        Mistake(
            "train* ~2 VALID ~1 data; add ~2 VALID ~4 train*",
            "then nothing is left to see overfitting with. What could hold back the larger vectors?",
            always=True,
        ),
    ),
    text=(
        "Training loss always falls with the size; at a small penalty validation loss rises, the larger the "
        "faster: the numbers learn the ratings by heart. With the best strength, chosen on validation "
        "ratings, the sizes hardly differ (RMSE 0.919, 0.926 and 0.920 for 8, 16 and 32 factors on the "
        "bundled films): the penalty, not the size, decides how much is learned. Dropout and stopping early "
        "are penalties, too."
    ),
)
