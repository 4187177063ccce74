"""The words of the lesson by family: the one place to add a synonym.

`*` stands for any ending; a plural s is understood.
"""

FAMILIES = {
    # denial and amounts
    "DENIAL": "nothing not no never none neither nor without nobody hardly barely scarcely rarely seldom",
    "NOT": "nothing not no never none neither nor without nobody",
    "HARDLY": "hardly barely scarcely rarely seldom infrequently",
    "FEW": "few fewer little low small smaller tiny insufficient limited sparse scarce minimal handful "
    "couple lack lacking scant negligible "
    "minuscule meager meagre",
    "MANY": "many lots lot plenty thousands hundreds numerous enough abundant sufficient ample loads tons "
    "much",
    "MORE": "more additional extra another further",
    "ONLY": "only just merely solely exclusively",
    "UNDER": "less fewer under below beneath lower smaller",
    "OVER": "over above exceed* beyond outside surpass* greater higher bigger larger more",
    "UP": "increas* rais* stronger strengthen* strong grow* harder heavier heavily raise tighten* more "
    "larger higher bigger big high",
    "DOWN": "lower lowers lowered lowering reduc* decreas* weaken* weaker smaller lessen* loosen* relax* "
    "diminish* less",
    "ALL": "all every everyone everybody each everything any",
    # films, people, ratings
    "RATING": "rating rated rate review reviewed reviewer vote voted voter n_rating rater feedback judged "
    "judgement opinion",
    "DATA": "data information info evidence sample observation datapoint example times count entry entries "
    "support",
    "PEOPLE": "people person anyone anybody user viewer someone somebody everyone everybody audience folk "
    "reviewer",
    "FILM": "film movie item title picture recommendation rec recc reccs pick song book one ones",
    "UNKNOWN": "obscur* unknown niche rare unheard unfamiliar unpopular underground unrated unseen "
    "unwatched forgotten nonpopular "
    "littleknown unrecognizable unrecognisable esoteric unreviewed unrecognized fringe",
    "KNOWN": "known know popular* famous heard hear recognise recognize recognised recognized familiar "
    "mainstream seen watched see watch "
    "hit blockbuster renowned celebrated",
    "RENOWNED": "known popular famous familiar mainstream hit blockbuster renowned celebrated wellknown",
    "PREDICT": "predict* score scored estimate estimated output value rating guess guesses",
    "STAR": "star point",
    "SCALE": "scale range limit bound boundary boundaries maximum max interval allowed possible allowable "
    "permitted permissible valid ceiling",
    "EXTREME": "impossib* absurd* insane* crazy ridiculous* unrealistic* implausibl* huge enormous "
    "gigantic extreme* wild* nonsens* hundreds "
    "hundred invalid astronomic* exaggerat* excessive* outrageous* massive* unreasonabl* inflated "
    "unbelievabl* weird",
    "HIGH": "high large big great",
    "TASTE": "tast* genre like liked likes liking prefer* interest* enjoy* theme love loves favorite "
    "favourite",
    "GENRE": "action comedy comedies horror drama thriller romance romantic scifi western documentary "
    "documentaries animation animated musical",
    "FIT": "fit fits match matches matched matching suit suited suits correspond* align* relate* relevant "
    "reflect*",
    "MISFIT": "mismatch* irrelevant unrelated unsuited unsuitable different wrong inappropriate contradict*",
    "BAD": "bad badly poor terrible awful suck horrible lousy useless strange weird odd wrong rubbish "
    "garbage worse",
    "GOOD": "good great fine sensible perfect* reasonable excellent ok okay plausible right correct "
    "convincing",
    "OVERFIT": "overfit* memori* overconfident* overtrain* overtuned",
    # what can be done
    "REMOVE": "exclud* remov* drop dropped dropping filter* ignor* skip* hide hidden discard* eliminat* "
    "delet* omit* avoid* disregard* cut "
    "ban prune* demote* downrank* downweight* penali* eject kick throw",
    "KEEP": "recommend recommends recommending keep kept keeping includ* requir* show suggest suggested "
    "prefer* boost* restrict* favor* favour* choos* "
    "pick select* consider* demand* present display promote* prioritis* prioritiz* allow return only limit "
    "take need must",
    "THRESHOLD": "threshold cutoff min_rating minimum min",
    "PENALTY": "regulari* penal* punish* discourag* l2 l1 ridge lasso prior shrink* dropout lambda "
    "weightdecay constrain* bayes* tikhonov",
    "SWITCH": "remov* drop dropping delet* disabl* without avoid* stop",
    "FACTOR": "factor embedding vector weight parameter coefficient coordinate latent dimension neuron "
    "unit component number value entry entries feature",
    "MODELLED": "train training epoch iteration fitted fit",
    "SURE": "uncertain* confiden* variance posterior caution* certain* lcb interval",
    "CLIP": "clip* clamp* cap capped capping trunc* round rounded rounding cutoff bound limit restrict",
    "BOUNDED": "sigmoid logistic tanh squash* bounded softmax class classes classification ordinal squeez*",
    "RANK": "rank* order* sort* position relative recommend*",
    "MATTER": "matter need needed necessary problem important affect* change harm hurt",
    # what numbers become
    "ZERO": "zero N0 vanish* disappear* nothing nil",
    "SHRINK": "shrink* smaller tiny small small*",
    "MEAN": "mean average constant offset averaged",
    "SAME": "same identical equal indistinguish* alike uniform generic",
    "PERSONAL": "personal* individual* tailored unique",
    "WORSE": "worse worsen* suffer* hurt* deteriorat* degrad* harm* inaccurate fall drops drop",
    "BETTER": "better improv* best accurate helps help helpful gain*",
    "ERROR": "error rmse mse mae loss losses",
    "ACCURACY": "accura* performance predictions prediction quality results result precise",
    "CHANGE": "up down rais* higher lower larger smaller bigger rise* increas* decreas* fall* drop* grow* "
    "go goes gets better worse improv* reduce*",
    "GENEROUS": "generous* nicer kinder forgiving strict* harsh* severe* lenient* stingy critical tough "
    "optimistic pessimistic mood grumpy picky",
    "LEVEL": "overall general level generally typical* tendency tendencies baseline habit inherent average "
    "mean quality popular*",
    "LEFT": "interaction personal* residual preference rest taste tastes",
    "RANDOM": "random* chance stochastic*",
    "OFF": "off mask* zero zeroes zeroed zeroing drop dropped drops dropping ignor* disabl* deactivat* "
    "silence* remov* delet* switch* hide hides turn*",
    "STOP": "stop* halt*",
    "VALID": "valid* val heldout holdout test unseen",
    "SLOW": "slow* plateau* flat* stuck stall* gradual* crawl*",
    "FAST": "fast* quick* rapid* immediately instantly sooner earlier",
    "GRADIENT": "gradient saddle derivative slope",
    "START": "initial* start* first begin* init beginning",
    "NETWORK": "network net nn dnn mlp dense neural deep",
    "MF": "factorization factorisation mf matrix factorized",
    "EXACT": "exact* als alternat* analytic* sweep newton",
    # other data
    "FEATURE": "feature metadata genre text image content context description demograph* poster actor "
    "director age gender tag "
    "attribute covariate device location plot cast audio video photo picture synopsis",
    "NONLINEAR": "nonlinear* nonlinearity complex* complicated sequence* session* multitask intricate curved",
    "COUNT": "count play listen listened listening played",
    "IMPLICIT": "implicit confidence log logarithm* weight weighted weighting preference binar* convert* "
    "transform*",
    "TUNE": "tune tuned tuning retune retuned retuning adjust* adapt* anew again readjust* choose chosen "
    "recalibrat* select* optimis* optimiz* change "
    "changed different differ differs",
    "HYPER": "hyper* penalty penalties regulari* l2 strength threshold lambda setting cutoff",
    "METRIC": "ndcg recall precision metric",
}

BREAKS = (
    "with by using via through if because as since so that which who when unless then and though "
    "while whereas"
)

# Words that are no slip of another, however near they are.
ORDINARY = """
these those there their where which while whole about above after again against almost along already
although always among around because become becomes before behind being below besides better between
beyond bring brought called cannot causes certain change clearly close comes common compare converge
converges converged could course depend depends details differ difference does doing down during
each either else ending enough entire especially even ever every exactly except expect explain
express extra fact fairly faster final finds first follow force forces forget former found further
gives given going gotten hence however instead itself keeps large later latter learn learns least
leave less likely little looks makes making matter maybe means meant might moment moves moved moving
multiple nearly needs newer nothing number often older other others ought output overall people
perhaps place point prevent prevents prevented probably problem proper quite rather reach real
really reason relies result results right says second seems sense sentence severa several shall
should shows simple simply since small solve some somehow something sometimes soon spread start
state still stops strange such suits takes tells terms than thank that theirs them then thing things
think third though thought through throughout times today together toward towards training trust
trying twice under until used useful user uses usual usually value values various very walk want
wants watch weather week well were what when whether who whose why will with within without woman
words work works world would write written wrong year years yours planet country county computer
button bottom border matrix metric minute moment monday mother nature normal notice object office
parent person picture player please police policy public reader record region remember report season
secret sector series server served simple single sister social source speech spirit spring square
status strain stream street string studio summer system target theory ticket trader travel virtual
vision visual volume winter wonder worker writer colour colours password racist faster buying
"""

# Turns of phrase, before words are looked at one by one.
IDIOMS = [
    (r"no ?one|no ?body|noone|not anyone|not anybody", "nobody"),
    (
        r"(?:i )?(?:really )?(?:do not|dont|don't) (?:really )?know\s*(?:\||$)|(?:i have |i ve "
        r")?(?:absolutely )?no (?:idea|clue)|dunno|idk|not sure",
        " | ",
    ),
    (r"not only", " "),
    (r"w o|w/o", "without"),
    (r"drop out", "dropout"),
    (r"cut ?offs?", "cutoff"),
    (r"non linear(?:ity|ities|ly)?|is not linear|not linear|is no longer linear", "nonlinear"),
    (r"weight decay", "weightdecay"),
    (r"well (?:liked|known)", "wellknown"),
    (r"(?:less|lesser|little|not well|poorly) (?:known|wellknown|popular)", "unknown"),
    (r"over fit", "overfit"),
    (r"over confident|too confident|so confident|too sure|so sure", "overconfident"),
    (r"by heart|by rote", "memorized"),
    (r"a few|very few|too few|quite few", "few"),
    (r"nothing to do with|little to do with|no relation to", "unrelated"),
    (r"mat fac(?:torization)?|matrix factorization", "mf"),
    (r"sample size", "sample"),
    (
        r"single digits?|one (?=rating|review|vote|person|user|viewer)|(?:a )?single "
        r"(?=rating|review|vote|person|user|viewer)",
        "few ",
    ),
    (r"(?:far|anything) from|anything but", "not"),
    (r"no (?:less|fewer) than", "at least"),
    (r"(?:a )?dozen", "N12"),
    (r"np ?\| ?(?:minimum|maximum|clip)", "clip"),
    (r"held out", "heldout"),
    (r"long tail", "unknown"),
    (r"sci fi", "scifi"),
    (r"tak(?:e|es|ing|en) away", "remove"),
    (r"co ?adapt\w*", "coadaptation"),
    (
        r"(?:leaves?|leaving|throws?|takes?|taking|cuts?|filters?) ((?!that |which |who )\w+ (?:(?!that "
        r"|which |who )\w+ )?)out",
        r"remove \1",
    ),
    (
        r"(?:get|getting|gets) rid of|leave out|leaving out|left out|throw out|throw away|sort out|take "
        r"out|taking out|cut out|get rid",
        "remove",
    ),
    (r"turn(?:ing)? off|switch(?:ing)? off", "drop off"),
    (r"every ?(?:1|N1)", "everyone"),
]

NUMBERS = dict(
    zip(
        [
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "fifteen",
            "twenty",
            "thirty",
            "fifty",
            "sixty",
            "ninety",
        ],
        (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 30, 50, 60, 90),
        strict=True,
    )
)
NUMERALS = {
    "NUMBER": r"N\d+",
    "SMALL": r"N(?:1?\d|20)",
    "ABOVE5": r"N(?:[6-9]|[1-9]\d+)",
    "ABOVE20": r"N(?:2[1-9]|[3-9]\d|[1-9]\d\d+)",
}

_RATED = "~2 RATING/DATA/PEOPLE"
# Amounts: a claim of `words`, what stands for it, and the claim that must follow.
REWRITES = [
    ("almost/nearly/practically/virtually/basically/next ~1 no/none/nobody", "FEW", ""),
    (
        "almost/nearly/practically/virtually/basically/close ~1 zero/N0/nothing",
        "FEW",
        "~2 RATING/DATA/PEOPLE",
    ),
    ("HARDLY ~1 any/anyone/anybody/ever/many/someone", "FEW", ""),
    ("often/frequently/widely/commonly RATING/watched/seen", "popular", ""),
    ("RATING/watched/seen often/frequently/widely/commonly", "popular", ""),
    ("HARDLY ~1 RATING/KNOWN", "unknown", ""),
    ("NOT ~2 MANY", "FEW", ""),
    ("NOT ~2 FEW", "MANY", ""),
    ("n_ratings/DATA/count/reviews ~2 at least NUMBER", "ratings MANY", ""),
    ("n_ratings/DATA/count/reviews ~2 OVER NUMBER", "ratings MANY", ""),
    ("n_ratings/DATA/count/reviews ~2 OVER than NUMBER", "ratings MANY", ""),
    ("n_ratings/DATA/count/reviews ~2 UNDER NUMBER", "ratings FEW", ""),
    ("n_ratings/DATA/count/reviews ~2 UNDER than NUMBER", "ratings FEW", ""),
    ("at most NUMBER", "FEW", _RATED),
    ("UNDER NUMBER", "FEW", _RATED),
    ("UNDER than NUMBER", "FEW", _RATED),
    ("ONLY ~1 NUMBER", "FEW", _RATED),
    ("at least NUMBER", "MANY", _RATED),
    ("OVER NUMBER", "MANY", _RATED),
    ("OVER than NUMBER", "MANY", _RATED),
    ("SMALL or/and/to SMALL", "FEW", _RATED),
    ("SMALL", "FEW", _RATED),
    ("NUMBER", "MANY", _RATED),
]
