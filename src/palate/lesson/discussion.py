"""Questions to think about on the first model and its lists: q2, q3 and q6, with possible claims."""

from palate.lesson.question import Discussion, Idea, Mistake

q2 = Discussion(
    name="q2",
    asks="Sanity check: are the first model's recommendations good or bad, and if bad, in what way?",
    hint_text=(
        "look at n_ratings of the recommended films, at the predicted values, and at the lowest predictions, "
        "too. What is the highest rating anyone can give?"
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "that the films are obscure",
            "FEW ~3 RATING/DATA/PEOPLE; RATING/DATA ~1 is/are/was/were/seem/seems/be ~2 FEW; "
            "n_ratings/ratings/reviews "
            "FEW; UNKNOWN; !RENOWNED; !heard/hear/recogni*/familiar; FEW ~3 KNOWN; no/nobody/without/never "
            "~2 "
            "RATING/DATA; NOT ~2 know/knows/knew/see/seen/watch/watched/find/found ~3 "
            "FILM/any/them/these/those; nothing to me; nobody ~3 "
            "know*/watch*/see/seen; not/never ~2 seen/watched",
            "How many people have rated the recommended films? Look at n_ratings.",
        ),
        Idea(
            "predictions outside the scale",
            "out/outside/OVER/UNDER/past ~3 SCALE/N5; OVER than ~2 N5/SCALE/possible; "
            "!within/inside/in/on/between ~2 "
            "SCALE; !possible/allowed/valid; too/far/way/much/so ~1 HIGH; PREDICT/number/star ~4 EXTREME; "
            "EXTREME ~3 "
            "PREDICT/STAR/number; impossib*; ABOVE5 ~1 STAR; PREDICT ~4 ABOVE5; off ~2 chart; !between ~4 "
            "N5; negative "
            "~2 PREDICT/STAR/number; PREDICT/STAR ~3 negative; PREDICT ~6 no sense; "
            "ABOVE5 out of N5; !ABOVE5 out of N5; !realistic/plausible/believable; NOT ~6 "
            "realistic/plausible",
            "What are the predicted values, on a scale that ends at 5?",
        ),
        Idea(
            "that they do not fit the user's taste",
            "NOT ~6 TASTE; NOT ~4 GENRE; GENRE ~6 | ~6 GENRE; !FIT; MISFIT ~4 TASTE/PEOPLE/them; TASTE ~3 "
            "MISFIT; unrelated/irrelevant/mismatch*; poor/bad"
            " ~1 fit/match/choice*; FIT ~1 badly/poorly; likes/loves/prefers/enjoys ~8 | ~3 "
            "recommend*/get/gets/got/suggest*/receives; different/other/another/wrong ~2 "
            "TASTE/kind/type/style/film",
            "Do they fit what the user has rated highly?",
        ),
        Idea(
            "what it comes from",
            "OVERFIT; no evidence; noise; FIT ~3 perfect*",
            "How can a model be so sure of a film with so few ratings?",
            worth=0,
        ),
        Idea(
            "that they are bad",
            "BAD; !GOOD; !sense",
            "In what way are they bad? Look at n_ratings of the films, and at the predicted values.",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "user/person/he/she/63 ~2 FEW ~1 RATING/DATA/FILM",
            "count the ratings of the recommended films, not those of the user: look at their n_ratings.",
            always=True,
        ),
        Mistake(
            "MANY ~3 RATING/DATA/PEOPLE; RENOWNED; heard; !UNKNOWN; !FEW; recogni*",
            "look again: how many people have rated these films (n_ratings)?",
        ),
        Mistake(
            "within/inside/in ~3 SCALE; !out/outside/beyond/OVER ~3 SCALE; !EXTREME; !too HIGH",
            "look at the predicted values again: the scale ends at 5.",
        ),
        Mistake(
            "GOOD; FIT ~4 TASTE",
            "look again: how many people have rated these films (n_ratings), and what are the predicted "
            "values?",
        ),
    ),
    text=(
        "They are bad. They are films that hardly anyone has rated, with predictions of hundreds "
        "of stars on a scale that ends at 5, and little to do with what user 63 likes. Eight "
        "numbers per film can fit eight ratings perfectly, and without a penalty they may become "
        "so large that other predictions mean nothing. The most extreme predictions are those "
        "with the least evidence. 20 % of all predictions lie outside the scale, and half of the "
        "films in everyone's ten best have at most 8 ratings."
    ),
)

q3 = Discussion(
    name="q3",
    asks=(
        "How could obscure recommendations be avoided: in the model, in its training, or in how "
        "recommendations are made from it?"
    ),
    hint_text=(
        "one way needs no new training at all, only a column of movies. Another makes large numbers cost "
        "something in training."
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "a threshold",
            "THRESHOLD; at least; REMOVE ~6 UNKNOWN; REMOVE ~8 FEW ~3 RATING/DATA/PEOPLE; REMOVE ~8 "
            "RATING/DATA/PEOPLE "
            "~2 FEW; UNKNOWN ~6 REMOVE; FEW ~3 RATING/DATA/PEOPLE ~6 REMOVE; !KEEP ~6 UNKNOWN; !KEEP ~8 "
            "FEW ~3 "
            "RATING/DATA/PEOPLE; UNKNOWN ~4 NOT ~2 KEEP; FEW ~3 RATING/DATA/PEOPLE ~5 NOT ~2 KEEP; REMOVE "
            "~8 NOT ~4 "
            "KNOWN/RATING/popular*; KEEP ~6 RENOWNED/popular*/wellknown; KEEP ~8 MANY ~3 "
            "RATING/DATA/PEOPLE; KEEP ~8 "
            "MORE ~2 RATING/PEOPLE; RENOWNED/popular* ~4 ONLY; with/have ~1 MANY ~2 RATING/DATA/PEOPLE ~4 "
            "KEEP; "
            "weigh*/multipl*/adjust*/account/penal*/rank*/combin*/scale ~8 popular*/n_ratings; "
            "weigh*/multipl*/account/rank*/scale/mix*/blend*/combin*/sort*/order* ~8 number/count/amount "
            "~3 RATING/PEOPLE; "
            "REMOVE ~8 RATING/DATA/PEOPLE ~2 UNDER; KEEP ~8 RATING/DATA/PEOPLE ~2 OVER/MANY; "
            "weight/trust ~8 MANY ~3 RATING/DATA/PEOPLE; less ~1 weight/trust ~8 FEW ~3 "
            "RATING/DATA/PEOPLE; certain/given/some ~1 "
            "number/amount/count ~3 RATING/PEOPLE; limit/filter* ~5 n_ratings/count/number/RATING; "
            "popular*/n_ratings "
            "~2 filter/threshold/limit/cutoff; blend*/mix*/averag*/combin* ~4 MEAN; UNKNOWN ~4 DOWN; "
            "SWITCH ~4 UNKNOWN",
            "What could a filter do, without new training?",
        ),
        Idea(
            "a penalty on the weights",
            "PENALTY; norm; STOP ~3 early/earlier/sooner; early ~1 STOP; STOP ~1 train*",
            "What would keep the numbers of a rarely rated film small, in training?",
        ),
        Idea(
            "a smaller model",
            "FEW/DOWN ~3 factor/embedding/dimension/parameter/size/vector; simpler ~1 model; model ~2 "
            "simpler/smaller; less/DOWN ~3 complex*",
            "What would keep the numbers of a rarely rated film small, in training?",
        ),
        Idea(
            "saying how sure the model is",
            "uncertain*/confiden*/variance/posterior/caution*/lcb/interval; lower bound; standard error; "
            "how ~3 "
            "sure/certain; worst case",
            "What if the model knew how sure it is?",
        ),
        Idea(
            "more ratings",
            "get/collect*/gather*/need/ask*/obtain*/acquire* ~4 MORE ~2 RATING/DATA; MORE ~1 DATA",
            "And without waiting for more ratings: what could a filter or the training do?",
        ),
        Idea(
            "that the list is filtered",
            "REMOVE; filter*",
            "What should the filter look at? The table movies has a column n_ratings.",
            worth=0,
        ),
        Idea(
            "that the model or its training is changed",
            "train*/retrain*; model; loss",
            "What should the training do differently, so that the numbers of a rarely rated film stay small?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "MORE ~1 epoch*/iteration*/training; train* ~3 longer/more; longer ~1 train*",
            "longer training makes it worse: the model already fits those few ratings perfectly. What "
            "would keep it from that?",
        ),
        Mistake(
            "SWITCH ~1 PENALTY; drop off ~2 PENALTY; turn*/switch* ~3 PENALTY ~1 off; DOWN ~1 PENALTY; "
            "!PENALTY",
            "that takes away what holds the numbers of a rarely rated film back. Which way should the "
            "penalty go?",
            always=True,
        ),
        Mistake(
            "REMOVE ~4 RENOWNED/popular*; REMOVE ~6 MANY ~3 RATING/DATA/PEOPLE; KEEP ~5 UNKNOWN; KEEP ~8 "
            "RATING/DATA ~2 FEW; KEEP ~6 FEW ~3 "
            "RATING/DATA/PEOPLE; !KEEP ~4 RENOWNED/popular*; !KEEP ~6 MANY ~2 RATING/PEOPLE; !THRESHOLD",
            "that is the other way round: which films should go, those with few ratings or those with many?",
        ),
        Mistake(
            "REMOVE ~2 user/person",
            "the users are not to blame: which column of movies tells the obscure films?",
            always=True,
        ),
        Mistake(
            "UP ~2 factor/embedding/dimension/parameter; bigger ~1 model",
            "a larger model fits the few ratings of a rare film even better. What would hold it back?",
        ),
    ),
    text=(
        "A threshold: recommend only films with at least so many ratings. It needs no training, "
        "but the limit is arbitrary and good rare films are lost. A penalty on the squares of all "
        "numbers (L2): a film with few ratings then stays near the mean, because only many "
        "ratings outweigh the penalty. That improves the lists and the error. And a model with "
        "standard errors (see docs/calibration.md) can rank by the lower confidence bound: "
        "`recommend(..., caution=0.8)`."
    ),
)

q6 = Discussion(
    name="q6",
    asks="Some predictions lie outside 0.5 to 5 stars. How could that be prevented, and should it?",
    hint_text=(
        "two ways: change what the model says afterwards, or let a function that stays within the scale be "
        "part of the model."
    ),
    variable="answer",
    needed=1,
    ideas=(
        Idea(
            "clipping",
            "CLIP; min/max/minmax; set ~6 N5; cut ~4 N5/OVER/SCALE; replac* ~6 N5; "
            "keep*/stay*/force*/map*/rescal*/normali* ~6 SCALE/N5; scale ~8 within/inside/between/into ~3 "
            "SCALE/N5",
            "What is the simplest thing to do with a prediction of 7 stars?",
        ),
        Idea(
            "a bounded output",
            "BOUNDED; activation ~3 SCALE; bound*/finite ~2 function/output",
            "What could the last step of the model be?",
        ),
        Idea(
            "that ranking does not need it",
            "ONLY ~5 RANK; RANK ~5 SAME/unaffected/unchanged/unaltered; NOT ~8 RANK; RANK ~6 NOT ~4 "
            "MATTER/difference/required/CLIP; SAME ~3 RANK; RANK ~3 ONLY; "
            "top/list/reccs ~4 SAME/unaffected/unchanged",
            "Does the list change if values beyond the scale stay?",
        ),
        Idea(
            "a penalty",
            "PENALTY",
            "What does the right penalty do to predictions outside the scale?",
        ),
        Idea(
            "that errors fall",
            "ERROR ~4 CHANGE; CHANGE ~3 ERROR",
            "What does clipping do to the error on held-out ratings?",
            worth=0,
        ),
        Idea(
            "whether to prevent it",
            "yes; should; !should; no; !MATTER; !prevent*",
            "How could it be prevented, and does the order of a list need it?",
            worth=0,
        ),
        Idea(
            "that the last step changes",
            "layer; activation; function",
            "Which function stays between two values, whatever it is given?",
            worth=0,
        ),
    ),
    mistakes=(
        Mistake(
            "CLIP ~3 before/then ~3 rank*/sort*/order*; CLIP ~3 | then ~3 rank*/sort*/order*",
            "clipping before ranking makes everything above 5 a tie, and its order chance. Clip what is "
            "shown, rank "
            "what is not.",
            always=True,
        ),
        Mistake(
            "SWITCH ~1 PENALTY; drop off ~2 PENALTY; turn*/switch* ~3 PENALTY ~1 off; DOWN ~1 PENALTY; "
            "CLIP ~2 user/id/film",
            "look again: what is outside the scale is the prediction. What could be done to it, or to the "
            "last step of "
            "the model?",
            always=True,
        ),
        Mistake(
            "!CLIP; no way; !possible/can ~2 prevent*; can ~1 not ~2 prevent*; never/not ~3 out/outside",
            "some are outside, and something can be done: what is the simplest thing to do with a "
            "prediction of 7 stars?",
        ),
    ),
    text=(
        "Clip: move predictions outside the scale to its end. All ratings are inside, so this "
        "never raises the error. Or bound: let the model end in a sigmoid, or in probabilities of "
        "each level. For ranking neither is needed, and clipping first does harm, because "
        "everything above 5 becomes a tie. A penalty is the better remedy: with the right one "
        "almost no prediction lies outside (0.01 % on the bundled films, against 20 % without "
        "one), and clipping changes little."
    ),
)
