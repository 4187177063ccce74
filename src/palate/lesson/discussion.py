"""The questions to think about: q2, q3 and q6 to q13, with the ideas that an answer should have."""

from palate.lesson.question import Discussion, Idea

_FEW = r"obscur|rare|unknown|few(er)? (rating|review|vote|people|user)|hardly any|n_ratings|little(-| )known|not well(-| )known|nobody|only (one|two|three|a handful|a couple)|small number|tiny number|lesser"
_PENALTY = r"regulari[sz]|penalt|l2\b|ridge|weight decay|prior\b|shrink"

q2 = Discussion(
    name="q2",
    asks="Sanity check: are the first model's recommendations good or bad, and if bad, in what way?",
    hint_text=(
        "look at n_ratings of the recommended films, at the predicted values, and at the lowest predictions, too. What is the highest "
        "rating anyone can give?"
    ),
    variable="answer",
    ideas=(
        Idea("that the films are obscure", _FEW, "How many people have rated the recommended films? Look at n_ratings."),
        Idea(
            "predictions outside the scale",
            r"outside|beyond|above (5|five)|over (5|five)|more than (5|five)|out of range|greater than (5|five)|impossible|hundreds|exceed|too high|too large|extreme",
            "What are the predicted values, on a scale that ends at 5?",
        ),
        Idea(
            "that they do not fit the user's taste",
            r"tast|genre|not fit|do(es)? not match|fit(s)? poorly|prefer|like[sd]? (else|different)|theme",
            "Do they fit what the user has rated highly?",
        ),
        Idea(
            "what it comes from",
            r"overfit|over-fit|memori[sz]|nothing holds|noise|confiden|fit(s|ted)? .*perfectly|more (numbers|parameters) than|no evidence",
            "How can a model be so sure of a film with so few ratings?",
        ),
    ),
    needed=1,
    mistakes=(
        (
            r"\b(not|n't|no longer) (at all )?(obscure|rare|unknown)|(look|are|seem) (quite |very |all |really )?(good|great|fine|sensible)\b",
            "look again: how many people have rated these films (n_ratings), and what are the predicted values?",
        ),
    ),
    text=(
        "They are bad. They are films that hardly anyone has rated, with predictions of hundreds of stars on a scale that ends at 5, and "
        "little to do with what user 63 likes. Eight numbers per film can fit eight ratings perfectly; nothing holds them back, and "
        "where they point elsewhere means nothing. The model is surest where it knows least. One in five of all its predictions "
        "lies outside the scale, and half of the films in everyone's ten best have at most 8 ratings."
    ),
)

q3 = Discussion(
    name="q3",
    asks="How could the obscure recommendations be mended: in the model, in its training, or in how recommendations are made from it?",
    hint_text="one way needs no new training at all, only a column of movies. Another makes large numbers cost something in training.",
    variable="answer",
    ideas=(
        Idea(
            "a threshold or a penalty",
            rf"threshold|cut-?off|at least|minimum|min_ratings|n_ratings|filter|limit|{_PENALTY}|bayes|uncertain|confidence|lower bound",
            "What could be done to the list, or to the training?",
        ),
        Idea(
            "a threshold",
            r"threshold|cut-?off|at least|minimum|min_ratings|n_ratings|filter|limit",
            "What could a filter do, without new training?",
        ),
        Idea("a penalty on the weights", _PENALTY, "What would keep the numbers of a rarely rated film small, in training?"),
        Idea(
            "saying how sure the model is",
            r"uncertain|confidence|bayes|posterior|variance|lower bound|caution|standard error|interval",
            "What if the model knew how sure it is?",
        ),
    ),
    general=True,
    needed=2,
    mistakes=(
        (
            r"\b(more|longer|additional) (training|epochs)|train(ing)? (it )?(for )?(longer|more)\b",
            "longer training makes it worse: the model already fits those few ratings perfectly. What would keep it from that?",
        ),
    ),
    text=(
        "A threshold: recommend only films with at least so many ratings. It needs no training, but the limit is arbitrary and good rare films "
        "are lost. A penalty on the squares of all numbers (L2): a film with few ratings then stays near the mean, as it takes "
        "many ratings to pay for large numbers. That mends the list and the error at once. And a model that knows how sure it is (see "
        "docs/calibration.md) can rank by how good a film is at least: `recommend(..., caution=0.8)`."
    ),
)

q6 = Discussion(
    name="q6",
    asks="Some predictions lie outside 0.5 to 5 stars. How could that be prevented, and should it?",
    hint_text="two ways: change what the model says afterwards, or let a function that stays within the scale be part of the model.",
    variable="answer",
    ideas=(
        Idea(
            "a way to prevent it",
            r"clip|clamp|cap\b|capp|trunc|min\(|sigmoid|logistic|bounded|squash|tanh|link|ordinal|activation|round|class",
            "How could a prediction be kept within the scale?",
        ),
        Idea(
            "clipping", r"clip|clamp|cap\b|capp|trunc|min\(", "What is the simplest thing to do with a prediction of 7 stars?"
        ),
        Idea(
            "a bounded output",
            r"sigmoid|logistic|bounded|squash|tanh|link|ordinal|activation|class",
            "What could the last step of the model be?",
        ),
        Idea(
            "that ranking does not need it",
            r"rank|order|sort|recommend|relative|compar|ties?\b",
            "Does the list change if values beyond the scale stay?",
        ),
        Idea("that errors fall", r"error|rmse|mse|mae|loss|accura", "What does clipping do to the error on held-out ratings?"),
    ),
    general=True,
    needed=2,
    mistakes=(
        (
            r"clip\w* (before|and then) (rank|sort)",
            "clipping before ranking makes everything above 5 a tie, and its order chance. Clip what is shown, rank what is not.",
        ),
    ),
    text=(
        "Clip: move what lies outside to the end of the scale. A rating can only be inside, so that this never raises the error. Or bound: let the "
        "model end in a sigmoid, or in probabilities of each level. For ranking neither is needed, and clipping before it does harm: everything above 5 "
        "becomes a tie. The true remedy is elsewhere: with the right penalty almost no prediction lies outside (0.01 % on the "
        "bundled films, against 20 % without one), and clipping changes little."
    ),
)

q7 = Discussion(
    name="q7",
    asks="What do the recommendations of a model without biases become as the L2 penalty grows without limit?",
    hint_text="what are all the numbers for users and films then, what is their product, and what is left of a prediction?",
    variable="answer",
    ideas=(
        Idea(
            "that the vectors shrink to zero",
            r"zero|\b0\b|vanish|disappear|shrink|smaller and smaller",
            "What becomes of the vectors?",
        ),
        Idea(
            "that every prediction becomes the mean",
            r"mean|average|constant|same|equal|3\.5",
            "What is predicted when the products are zero?",
        ),
        Idea(
            "that the lists become alike, of what many liked",
            r"popular|everyone|everybody|all users|identical|not personal|impersonal|well(-| )known|tie|arbitrar|most(-| )rated",
            "Just before that, which films resist the penalty longest, and for whom?",
        ),
    ),
    needed=2,
    mistakes=(
        (
            r"(more|become|get|still) (and more )?(obscure|rare|personal)\b",
            "look at it again: which films have so many ratings that large numbers still pay?",
        ),
    ),
    text=(
        "All vectors shrink to zero and every prediction to the mean: without biases, nothing is left to rank by. On the way there the lists turn "
        "from obscure to well known to the same for everyone, since the films that resist longest are those with the most ratings above the mean, "
        "and one direction (how much is this liked at all) survives the others. Beyond a certain strength zero itself is the optimum: every sweep "
        "makes the vectors smaller, and what is left of the order is one list for all, less what each has seen."
    ),
)

q8 = Discussion(
    name="q8",
    asks="What do biases of users and films add, and is accuracy much affected by taking them away?",
    hint_text="compare three errors: the mean with biases alone, factors alone, both. Which penalty presses on what everybody knows of a film?",
    variable="answer",
    ideas=(
        Idea(
            "what a bias stands for",
            r"generous|strict|harsh|severe|lenient|quality|popular|overall|on average|in general|everybody|everyone|baseline|well liked|better liked|mean rating|level",
            "What does a user's bias say of the user, and a film's of the film?",
        ),
        Idea(
            "that factors are left to taste",
            r"tast|interaction|personal|what is left|residual|rest\b|preference|free",
            "What is then left for the factors to tell?",
        ),
        Idea(
            "that the penalty presses on the factors, not on the bias",
            r"penal|regulari|shrink|l2|separate|own strength",
            "Which penalty falls on the general liking of a film, with and without a bias?",
        ),
        Idea(
            "what the error does",
            r"error|rmse|mse|accura|worse|better|lower|improv|helps?\b",
            "What happens to the error on held-out ratings?",
        ),
    ),
    needed=2,
    mistakes=(),
    text=(
        "A user's bias is how generous a person is, a film's how well it is liked by everybody; the products are left to taste. Without biases the factors must "
        "tell both, under one penalty: strong enough against chance, it also presses down what everybody knows. On the bundled films "
        "biases alone reach an RMSE of 0.889, factors alone at their best penalty 0.918, both together 0.868. With 20 million ratings, as in the "
        "exercise, factors can learn the biases, and taking these away costs little; with 100,000 it costs a lot."
    ),
)

q9 = Discussion(
    name="q9",
    asks="What does dropout on the embeddings do in a matrix factorization?",
    hint_text="the loss is squared error, and the prediction is linear in each vector: what is the expected loss over all random masks?",
    variable="answer",
    ideas=(
        Idea("that it is a kind of penalty", r"penal|regulari|shrink|l2|ridge|overfit", "What does it work against?"),
        Idea(
            "that some coordinates are zero at random in training",
            r"random|zero|mask|drop(s|ped|ping)? |switch(es|ed)? off|noise",
            "What happens to the coordinates of a vector in training?",
        ),
        Idea(
            "that it weighs on the products, by how many ratings there are",
            r"product|p_?uf|interaction|data-?dependent|number of ratings|depends on|expect|closed|marginal|exact",
            "How does the expected loss differ from the plain one?",
        ),
        Idea(
            "that it is off in prediction",
            r"predict|test time|inference|rescal|only (in|during) training",
            "What happens in prediction?",
        ),
    ),
    needed=2,
    mistakes=(
        (
            r"(at|in|during) (test|prediction|inference)(?![^.]*\b(nothing|not|no|never|off)\b)[^.]* (drop|mask)",
            "in prediction nothing is dropped: the vectors are used whole.",
        ),
    ),
    text=(
        "In training, each coordinate of both vectors is zero with probability d and the others are scaled up; in prediction nothing is dropped. "
        "Under squared error the expectation over all masks has a closed form: the plain loss plus (1 / (1 - d)^2 - 1) times the sum of p_f^2 q_f^2 "
        "over the ratings. So dropout is a penalty, one on the products, that grows with the ratings a user or film has. With 32 factors and a small "
        "L2 of 1 it takes the validation RMSE from 1.23 to 0.90 on the bundled films (d = 0.4); L2 alone comes down to 0.92. "
        "LeastSquares(dropout=0.2) minimises that expectation without a random number; see docs/model.md."
    ),
)

q10 = Discussion(
    name="q10",
    asks="Compare training and validation loss for sizes 8, 16 and 32: how can overfitting be prevented with a larger embedding?",
    hint_text="does the training error fall with the size? Does the validation error, at a fixed small penalty, and at the best penalty of each size?",
    variable="answer",
    ideas=(
        Idea(
            "a penalty that fits the size",
            rf"{_PENALTY}|dropout|stop(ping)? early|early(-| )stop",
            "What could hold back the larger vectors?",
        ),
        Idea(
            "that training and validation part",
            r"train(ing)?\b.*valid|valid.*train|overfit|gap|held(-| )out|generali",
            "Which loss falls with the size, and which rises?",
        ),
        Idea(
            "that the best strength is found on validation",
            r"best|tune|tuning|choose|chosen|stronger|grow|increase|larger|more|search|grid|each size",
            "Is the best strength the same for every size?",
        ),
    ),
    needed=2,
    mistakes=(
        (
            r"(more|longer) epochs (help|prevent|reduce)",
            "longer training lowers the training loss; look at the validation loss.",
        ),
    ),
    text=(
        "Training loss always falls with the size; at a small penalty validation loss rises, the larger the faster: the numbers learn the ratings "
        "by heart. With the best strength, chosen on validation ratings, the sizes hardly differ (RMSE 0.920, 0.928 and 0.921 for 8, 16 and 32 "
        "factors on the bundled films): the penalty, not the size, decides how much is learned. Dropout and stopping early are penalties, too."
    ),
)

q11 = Discussion(
    name="q11",
    asks="Convergence: how do the losses of the dense network and of factorization move over time, and why do they differ?",
    hint_text="what is the gradient of p . q when both vectors start near zero? And which step does alternating least squares take instead?",
    variable="answer",
    ideas=(
        Idea(
            "why factorization starts slowly",
            r"slow|plateau|flat|small gradient|near zero|saddle|product|initial|start|multipl|symmetr",
            "Why does the loss of a factorization hardly move in the first epochs under Adam?",
        ),
        Idea(
            "that few ratings move each vector",
            r"each (user|film|movie|vector|embedding|row)|own rating|sparse|few (update|rating|gradient|step)|only its|per (user|film|movie|row)|shared|all (the )?(weights|ratings)",
            "How many of the ratings move one vector, and how many the shared weights of a network?",
        ),
        Idea(
            "that exact solves need few sweeps",
            r"exact|closed|least squares|als|alternat|sweep|convex|newton|second(-| )order",
            "What if one side is solved exactly while the other stands still?",
        ),
        Idea("overfitting later", r"overfit|valid|rises?|earlier|faster", "What does the validation loss do in the end?"),
    ),
    needed=2,
    mistakes=(),
    text=(
        "A network's biases and shared weights are moved by every rating, so that its loss falls at once and then crawls. In a factorization, the "
        "gradient of p . q by p is q: with both near zero (a saddle) almost nothing moves at first, and each vector is moved only by its own ratings. "
        "With one side fixed, though, the problem is plain least squares for every row: alternating exact solves take a handful of sweeps "
        "where Adam takes tens of epochs."
    ),
)

q12 = Discussion(
    name="q12",
    asks="Factorization has the lower error here. When would you want the dense network instead?",
    hint_text="what else is known of users, films and the moment, and can a product of two vectors use it?",
    variable="answer",
    ideas=(
        Idea(
            "what is known besides the ids",
            r"feature|metadata|meta-data|side information|genre|text|image|content|context|time|demograph|poster|description|device|cold|new (user|film|movie|item)|other input|more input|additional",
            "What could a network take in besides two ids?",
        ),
        Idea(
            "new users and films",
            r"cold|new (user|film|movie|item)|without (any )?rating|unseen|never",
            "What of a film that nobody has rated yet?",
        ),
        Idea(
            "relations that are no products",
            r"non-?linear|complex|interaction|higher(-| )order|sequence|session|several tasks|multi-?task",
            "Which relations can a product of two vectors not express?",
        ),
        Idea(
            "what it costs",
            r"slow|cost|time|expens|data|tune|tuning|much more|large",
            "What does it cost, and how much data does it need?",
        ),
    ),
    needed=1,
    mistakes=((r"^\s*(never|always)[^a-z]*$", "say when, and what for: what could the network use that the products cannot?"),),
    text=(
        "When there is more to go by than two ids: texts, pictures, the time, the device, what was watched just before; when films or users are new and have "
        "features but no ratings; when the relation is no product, as in sequences; when one model serves several tasks. For ratings by ids alone the product is "
        "the better form: it has the right structure built in, and trains in seconds. Features that act linearly fit into a factorization, "
        "too: see Gibbs in docs/model.md."
    ),
)

q13 = Discussion(
    name="q13",
    asks="Does the same hold on other data, such as books, or songs with counts of plays? What has to change?",
    hint_text="what does a 5 mean, what a play count of 40, and what does it mean that there is no entry at all?",
    variable="answer",
    ideas=(
        Idea(
            "what has to be set anew",
            r"scale|count|implicit|weight|confidence|log|tune|tuning|penalt|strength|threshold|unobserved|missing|zero|no rating|absent|metric|rank|genre|author",
            "What differs: the scale, the strengths, the meaning of what is missing?",
        ),
        Idea(
            "that the strengths do not carry over",
            r"strength|penalt|regulari|tune|tuning|threshold|l2|hyper",
            "Do the penalty and the threshold carry over?",
        ),
        Idea(
            "that counts are no ratings",
            r"count|implicit|plays|confidence|log|weight|heav",
            "What does a play count say, and what does it not?",
        ),
        Idea(
            "that what is missing says something",
            r"missing|unobserved|absent|zero|not (played|heard|rated)|no (entry|rating)|negative",
            "What does a missing entry say?",
        ),
        Idea(
            "that lists are judged by rank",
            r"rank|ndcg|recall|precision|metric|top",
            "How is a list of songs judged, without stars?",
        ),
    ),
    general=True,
    needed=2,
    mistakes=(
        (
            r"nothing (has|needs) to change|exactly the same|no changes?\b",
            "two things at least change: the strength of the penalty, and what a number (or none) means.",
        ),
    ),
    text=(
        'Books with ratings are the same story: palate.read("goodbooks-10k/ratings.csv"), the scale is 1 to 5, there are authors in place of genres, '
        "and strengths and thresholds are chosen anew, since they depend on how many ratings there are. Counts of plays are no ratings: a count says how sure it is "
        "that somebody likes a song, and no count is weak evidence that not. So counts become weights and unobserved pairs count as 0 "
        "(LeastSquares.for_counts), and lists are judged by rank metrics. The docs read other files in docs/data.md."
    ),
)
