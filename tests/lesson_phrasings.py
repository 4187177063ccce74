"""What students write: for each question in words right, half-right and wrong answers, one a line.

They were written down from the questions alone, and are not taken from the checker's words. Add
what a student wrote and was misread.
"""

RIGHT, HALF, WRONG = {}, {}, {}

RIGHT["q2"] = """
The recommended movies have almost no ratings
They only have 8 or 9 ratings each
I have never heard of any of these movies
very niche
the predicted scores are way out of range
bad, nobody has watched these
Bad. Each of the films was rated by fewer than ten people.
They're all obscure films
the model predicts 619 stars but you can only give 5
hardly anyone reviewed these movies so how can it be sure
there is too little data about those movies to trust the prediction
The user likes Star Wars and The Godfather but gets cheap horror movies, so they don't match his taste
the top movies are really unpopular and unknown
The ratings predicted are impossible, much higher than 5
these films barely have any reviews
I don't recognise a single title
Not good: the predicted ratings are absurdly large
few people rated the top picks
none of them is well known
It recommends movies w/ a tiny sample size
the model is overconfident about films it has seen almost no data for
the predictions are in the hundreds, which makes no sense
they are bad becuase the movies are obsucre
terrible, 8 reviews is not enough to judge a movie
the movies arent popular
the scores exceed the maximum of 5 stars
They have nothing to do with what the user likes
The model overfits on movies with not many ratings
Almost nobody rated these films
The top 5 have under 10 ratings
They're films nobody knows
Never heard of these
super obscure
the number of ratings is very small
not enough ratings to know anything
the predictions are off the charts
predictions go way past 5 stars
the user likes Toy Story but is recommended horror
I'm not familiar with any of the films
scores of several hundred are impossible
they each have just a handful of votes
the sample is too small
bad since all of them are rarely watched
These movies are not well-known
hardly any reviews
all with n_ratings below 10
Predicted rating 619 when max is 5
they're weird picks with 8 ratings
the movies have been rated less than 10 times
unknown movies, unrealistic predictions
The predictions are too extreme
model is very confident based on only a few ratings
Lesser known stuff
they are unpopular
no one has seen these
the films are underrated gems nobody watched
the rating count is super low
very little information about these films
The genres don't suit him
the scores aren't between 0.5 and 5
the values go beyond the scale
far too few ratings
low number of reviews
they got rated by like 8 people
bizarre: 500 stars
most of them have a tiny amount of ratings
These movies only have single digit ratings counts
"""
HALF["q2"] = """
They are bad
bad recommendations
I think these are not good
They don't look sensible to me
they suck
not very sensible
"""
WRONG["q2"] = """
They are good
the recommendations look great to me
They are very popular movies
These films have many ratings
all of them are well known
The predictions are all within the scale
they match the user's taste perfectly
I have heard of all of these movies
no idea
I don't know
The user has rated few movies
too many dramas were made in 1998
the weather is nice
They have lots of reviews, so we can trust them
The predicted ratings are not out of range
They are not obscure
asdf
the movies are too old
the films are too long
The movies have at least 100 ratings each
They look sensible
popular blockbusters
They're all famous films
I like them
the ratings are great
these have thousands of ratings
good because many people rated them
the predictions lie between 0.5 and 5
everything is fine
The films aren't unknown
not bad
I've seen all of them
all of the movies have enough ratings
the model is fast
the movies have high ratings
42
yes
they fit what he likes
"""

RIGHT["q3"] = """
exclude movies with less than 50 ratings
only recommend popular movies
use dropout
set a minimum number of ratings
remove films that have too few reviews
Add L2 regularization to the embeddings
weight decay
penalize large weights
we could ignore rarely rated films
filter out everything with under 100 reviews
keep only movies rated by at least 20 people
shrink the predictions of rare movies towards the mean
get more data for these movies
don't recommend movies that few people have rated
use a prior on the factors
Rank by a lower confidence bound instead of the mean
use fewer factors so that the model can't overfit
regularise the model
require that a movie has a certain amount of ratings
weight the prediction by how popular the movie is
Leave out the unknown films
drop movies without enough ratings
stop training earlier
regularizaton
only suggest well-known films
a cut-off on the count of ratings
Take into account how uncertain each prediction is
penalise obscure movies
set a threshold of 50 ratings
movies need at least 20 ratings
throw out films with few ratings
only take movies that lots of people rated
filter by n_ratings
L2
weight regularization
penalise big embeddings
ignore items with too few votes
limit recommendations to movies with lots of ratings
Don't show films with under 100 votes
discard anything with fewer than 30 ratings
add a penalty to the loss
lower embedding size
multiply score by popularity
bayesian average
use a smaller embedding
only consider movies which have been rated often
require a minimum amount of reviews
skip obscure movies
a popularity filter
use early stopping
sort by a confidence bound
take popularity into account
Regularizing the embeddings
hide movies that hardly anyone rated
remove low-count movies
restrict to frequently rated movies
reduce the number of factors
avoid recommending rare films
put a constraint on the size of weights
recommend movies with more than 1000 ratings
movies that have less than 50 ratings should be excluded
favor well known movies
blend with the average rating
dont recommend niche stuff
"""
HALF["q3"] = """
filter the list
retrain the model
change the training
make the model better
use a better model
remove the bad movies
"""
WRONG["q3"] = """
recommend only movies with less than 50 ratings
exclude popular movies
remove regularization
don't use a penalty
train for more epochs
add more factors
use a bigger embedding
nothing can be done
recommend obscure movies
sort in ascending order
use a faster computer
no idea
sort by title
lower the regularization
exclude movies with more than 50 ratings
buy a bigger gpu
recommend the movies at random
drop the popular films
dont use dropout
recommend rare movies
only recommend unpopular movies
remove movies with many ratings
use less regularization
without regularization
more factors
train more
use a GPU
keep obscure movies
clip the predictions
exclude well-known movies
do nothing
sort the list
recommend movies with fewer than 10 ratings
remove the penalty term
don't filter by number of ratings
don't set a threshold
delete the user
"""

RIGHT["q6"] = """
clamp the predictions to between 0.5 and 5
Use a sigmoid as the last layer and scale it
you could cap the scores at 5
cut off everything above 5 stars
no need, since we only care about the ranking
np.clip(preds, 0.5, 5)
It doesn't matter for recommending because only the order counts
Regularization would keep the predictions in range
round values above the maximum down to 5 and those below the minimum up to 0.5
use a bounded activation function such as tanh
set values larger than 5 to 5
min(max(p, 0.5), 5)
squash the output with a logistic function
treat the stars as classes and predict a probability for each
truncate them, but for ranking it's not necessary
it's not a problem for rankings
Penalise predictions out of range in the loss function
limit the output to the allowed interval
a stronger penalty so the weights stay small
the error gets smaller if you clamp, but the ordering stays the same
clip it
clip predictions
make it end with a sigmoid
limit predictions to the range
bound the output
Set anything over 5 to 5 and anything under 0.5 to 0.5
Not needed since we just want the order
use np.minimum
restrict the predictions to [0.5, 5]
apply a scaled tanh
no since only relative scores matter
doesn't change the ranking so not needed
Regularization
use softmax over the ten star levels
"""
HALF["q6"] = """
Yes it should be prevented
yes we should
Change the last layer
add an activation function
it should not be prevented
"""
WRONG["q6"] = """
delete the users
train longer
remove the regularization
use more factors
It can't be prevented
don't clip
predictions are never out of range
no idea
sort the list the other way
clip the user ids
multiply everything by 100
ask the users to rate more films
use a linear output without any bound
add the mean back in
nothing
train more
add biases
more data
change the users
it is impossible to prevent
sort differently
"""

RIGHT["q7"] = """
everything becomes the average rating
all users get the same list
the embeddings go to zero
every prediction will be the mean
Weights shrink to 0 so the dot product is 0
no personalisation left, everybody sees the same movies
the model predicts the global mean for all films
the recommendations become the most popular films for everyone
The factors vanish
it always predicts the same number
there is no difference between movies anymore
it will underfit and just output a constant
all predicted ratings are identical
the recs become generic and non-personalized
all parameters are pushed to nothing
the predictions collapse to one value, so the order is arbitrary
scores go towards the offset
It cant tell users apart any more
every1 gets identical recommendations
They all become the same
all movies get the mean
the same list for everybody
the predictions all become 3.5
everything is zero
predicts the average for all
recommendations are no longer personalized
only popular movies
all weights are 0
predictions converge to the global average
ratings all equal
embeddings are forced to zero
it will recommend the same films to every user
model ignores the user
"""
HALF["q7"] = """
the vectors get tiny
they get worse
the movies become more popular
the model underfits
the error goes up
they become less obscure
"""
WRONG["q7"] = """
they become more personal
the predictions become infinite
the weights grow without limit
each user gets a very different list
they become more obscure
the model overfits
nothing changes
perfect recommendations
no idea
the vectors do not shrink
the predictions spread out more and more
the embeddings get bigger
accuracy becomes 100%
it takes longer to train
not the same for everyone
more diverse
they get better
weights explode
more accurate
each user gets other films
more obscure movies
the embeddings get larger
no change
"""

RIGHT["q8"] = """
The user bias says whether someone is a harsh or a lenient rater and the movie bias how good it is \
overall; without them the error goes up
some users always give high ratings and some movies are just better; RMSE gets worse when you remove biases
They capture that some people rate higher than others. Accuracy drops clearly without them
biases model the average of each user and film, leaving the factors for the interaction. yes accuracy suffers
movie bias = general quality, user bias = how strict they are. on this small data the accuracy is a \
lot worse without
baseline per user and per item; taking them away hurts
they account for overall popularity of a film and the mood of the user and make the error smaller
The bias is the general level of a user or movie so that embeddings only have to learn taste; the \
loss increases if removed
With biases the rmse is lower, they represent how well liked a movie is in general
people use the scale differently; a bias corrects for this. It matters with little data and hardly \
with 20 million ratings
Each user's mean and each item's mean are absorbed. It costs a lot to leave them out
critics who are stingy get a negative bias, films everyone loves a positive one. Error rises from 0.87 to 0.92
Not much affected with 20 million ratings since the embeddings can learn the offsets of users and films
biases tell how generous someone is, and dropping them makes predictions less accurate
Biases capture whether a user is generous and whether a movie is good; without them the accuracy drops
some people rate high, some movies are better. RMSE increases without biases
user bias: tends to rate high or low. film bias: popular or not. Removing them raises the error
they model the mean of each user/movie, and accuracy is worse without
they add an average offset per user and movie, the error rises when they're dropped
biases explain most of the variance: generous users, good films. Accuracy suffers a lot
they learn the general rating level, improves accuracy
"""
HALF["q8"] = """
the error goes up without them
accuracy gets worse
biases capture how generous a user is
some movies are just better than others
yes it is much affected
they make predictions better
a user who is strict gets a negative bias
"""
WRONG["q8"] = """
no idea
biases make the model unfair
they are useless
it is the same as the learning rate
biases store the genre of a film
they speed up the training on a gpu
the year in which the film was made
nothing
a bias is the number of films
they add noise
biases make the recommendations racist
embeddings learn colours
they remember the password
accuracy improves without biases
biases are bad
they do nothing
the bias is a number
prejudice
"""

RIGHT["q9"] = """
it regularizes the model
randomly sets some embedding values to zero while training
It prevents overfitting
acts like an l2 penalty
switches off random dimensions during training so the model can't rely on a single one
some of the latent factors are ignored at random in each step
it adds noise to the factors and thereby reduces overfit
helps generalization
Validation error gets lower because the model memorizes less
randomly turns off coordinates
it's a form of regularisation
turns off factors by chance so no factor becomes too important
forces the factors not to depend on each other
equivalent to penalizing the squared product of the factors
stops the model from learning the ratings by heart
it makes the training error higher but the validation error lower
regularization
random entries of the vectors become zero
reduces overfitting
makes the model more robust
it randomly drops factors during training
prevents co-adaptation of factors
it is like adding a penalty
it randomly zeroes out some of the embedding
it keeps the model from memorizing
less overfitting
"""
HALF["q9"] = """
it removes some numbers
it drops things
it makes training harder
it improves the model
it adds noise
"""
WRONG["q9"] = """
it deletes users
it removes movies with few ratings
makes training faster
it causes overfitting
it increases the size of the embedding
no idea
it is only used at prediction time
it sorts the films
it does nothing
It does not regularize
it makes the model memorize more
it drops the column rating
it drops the learning rate
it leaves out the popular films
increases overfitting
deletes ratings
removes users at random
it makes the model bigger
drops the worst movies
nothing
it doesn't prevent overfitting
"""

RIGHT["q10"] = """
use stronger regularization
more L2
add dropout
early stopping
increase the weight decay as the embedding grows
raise the penalty and pick it on the validation set
stop training when validation loss goes up
Train loss goes down with size, val loss goes up, so one has to regularize more
penalize the weights more heavily
larger embeddings overfit: training error is small but the error on held-out data is big. Use a bigger l2
regularise harder
add more training data
a prior on the embeddings
use a higher lambda
shrink the embeddings towards zero
tune the l2 strength with cross-validation
with the right l2 all sizes do about equally well
put a penalty on the embeddings
regularization
l2 penalty
stronger penalty
dropout or early stopping
add regularization to embeddings
increase regularization with the size
use weight decay
regularize the bigger model more
with more regularization
higher l2
collect more ratings
penalise large embeddings
"""
HALF["q10"] = """
training loss falls and validation loss rises
the larger model overfits
the gap between train and validation grows
bigger embeddings memorize the ratings
val loss is higher for 32 than for 8
use a smaller embedding
"""
WRONG["q10"] = """
train longer
no regularization
use less regularization
remove the penalty
use an even larger embedding
it can't be prevented
no idea
increase the learning rate to 10
train on the validation data too
shuffle the movie titles
the validation loss always falls with the size
turn off dropout
a weaker penalty
don't stop early
sort the ratings by date
less dropout
bigger embedding
no penalty
train more epochs
reduce the penalty
increase the size
without dropout
"""

RIGHT["q11"] = """
The network drops fast at first and then flattens, factorization starts slowly because gradients \
are tiny near zero
The dense net learns quickly as all ratings update the shared weights, whereas each embedding only \
gets updated by its own ratings
DNN converges faster in the beginning; in MF each vector is only touched when its user or film shows up
factorization takes more epochs because the product of two small numbers has a small gradient
MF's loss hardly moves at first since the embeddings are initialised close to zero
the network has shared parameters so every example helps everything; MF has to learn each row on its own
the mf loss is flat at the start because it is at a saddle point
the dense network converges sooner but factorization keeps improving for longer, since its \
parameters are sparse
Matrix factorization is slower because every movie vector sees only a few ratings
ALS needs only a few sweeps since every step is solved exactly
The gradient for a user vector is proportional to the movie vector which is nearly 0 at first, so \
learning is slow initially
embeddings are updated rarely (only when the id is in the batch), hence slow convergence; the NN \
improves right away
The DNN's loss falls right away thanks to its bias, factorization needs many epochs as its \
gradients are small at first
The network converges faster because its weights are shared by all ratings
Factorization is slow at first because embeddings start near zero
gradients are small at the beginning for MF
each embedding gets few updates
MF only updates the rows of the user and movie in the batch, the network updates all its weights
because the initial vectors are tiny their products are tiny and so are the gradients
In factorization only the vectors of that user and film are updated
the nn has fewer parameters that are updated by every example
"""
HALF["q11"] = """
factorization is slower
the network converges faster
The DNN's loss falls quickly and then levels off
MF needs more epochs
they converge differently
one of them is faster at first
"""
WRONG["q11"] = """
no idea
both losses go up
they are the same
the loss is measured in stars
because of the gpu
the network has no loss
the movies are too old
factorization has no parameters
it depends on the colour of the plot
there is no difference
losses are random
the validation data is wrong
they don't differ
because it is bigger
the optimizer is broken
no reason
the ratings are wrong
"""

RIGHT["q12"] = """
when you have extra information like genres or age
for new users who have no ratings yet
cold start
if there are additional features of the film
when the relationship isn't linear
if you also want to use the text of reviews or images
when there is side information such as the year
complex non-linear interactions
with sequences of what someone watched
when context like time of day matters
to recommend brand new movies that nobody rated
if we know more about users than just their id, e.g. demographics
when the pattern is too complicated for a dot product
if metadata such as actors and directors is available
when we have lots of other input variables
to share a model between several tasks
if you want to add the movie description as an input
if you have other features
to use genres
for cold start users
new movies
when there's content data
with text or image inputs
when you want to include user age
nonlinear relationships
when taste is not just a dot product
if user features are known
sequential data
when we have metadata
for users without ratings
"""
HALF["q12"] = """
when there is more data
when the data is complex
for a different problem
when the network is better
for bigger datasets
"""
WRONG["q12"] = """
never
always
when you only have user ids and movie ids
no idea
when you want a faster model
if the computer is slow
when there are no features besides the ids
on mondays
when you want to print the ratings
when the relation is linear
if there are no new users
when the film is long
for small data
if speed matters
when all you have is ids
never, factorization is better
when memory is short
"""

RIGHT["q13"] = """
Books work the same but you must retune the regularization; play counts are not ratings, they are \
implicit feedback
the scale is different and the number of plays has to be treated as a confidence
Yes for books. For songs a count isn't a score, so use it as a weight and treat unplayed as weak negatives
same for explicit ratings; for plays you need an implicit model
the penalty must be chosen again on each dataset, and counts need to be transformed, e.g. log
play counts are implicit data and need another loss
songs have no ratings: how often somebody listened shows confidence rather than liking; \
hyperparameters need tuning
yes it holds but the hyperparameters have to be tuned again for the new data
different rating scale, different l2, and listening counts are no stars
the threshold has to be adapted because there are fewer ratings per book
counts are not explicit, someone who never played a song may just not know it
for counts, measure with ranking metrics instead of RMSE
plays must be converted into preferences with weights
the strength of the penalty depends on how many ratings there are so choose it anew
retune the l2
counts are implicit feedback
need to tune the penalty again
a play count is not a rating
counts must be turned into weights
different scale and different hyperparameters
use implicit feedback model
choose a new threshold
log-transform the counts
the regularization strength has to be re-tuned
someone may play a song many times, so cap or log the counts
zero plays doesn't mean dislike
counts have no upper limit
"""
HALF["q13"] = """
yes
yes it holds
the same
something has to change
not exactly
Yes, the obscure books come first there, too
"""
WRONG["q13"] = """
no idea
nothing has to change
books are made of paper
songs are shorter than films
counts are ratings
play counts can be used as star ratings directly
you need a bigger screen
the same penalty works everywhere
it only works with films
change the names of the songs
treat the counts as stars
no changes needed
counts are the same as ratings
use the same penalty
nothing
exactly the same settings work
"""


def lines(block: str) -> list[str]:
    """Return the answers of a block."""
    return block.strip().splitlines()


# More of them, from another hand.

RIGHT["q2"] += """They are pretty bad, I looked up the movies on IMDb and couldn't find most of them
n_ratings is in the single digits for every one of them
The top five all have fewer ratings than my grandma's cooking blog
Every recommended title has been rated by at most nine people
Bad: films you'd never come across in a cinema, with ratings from maybe eight viewers
It suggests movies that virtually no one has seen
You can't get 480 out of 5 stars
A rating scale goes to 5 but some predictions go into the hundreds
They don't look like anything this user has rated before
The user mostly rated action films and none of these are action
user 63 likes big classics, the model recommends no-name documentaries
Ratings count between 1 and 9, so the model can't really know
Not trustworthy since those films were rated by so few users
The recommendations are all movies that have like two reviews
predicted ratings in the triple digits are impossible
They seem to be random movies with hardly any viewers
There isn't enough data on these movies
Some predictions are above five and some are below zero
the films lack ratings
All five are long-tail items
Very few people rated those films
Poor suggestions: each of them was voted on by under a dozen users
nobody I know has ever watched one of these
the list consists of unknown stuff
predicted ratings are bigger than the maximum rating
these movies have a low number of ratings
I wouldn't trust it, 7 ratings can't tell you much
Bad. He likes sci-fi, but gets French dramas
many predictions are larger than five
The titles mean nothing to me
rating count is tiny
you can't recommend a film based on eight opinions
I've not heard of any of them
The films are so obscure that even I as a film buff don't know them
none of the predicted values is realistic
"""

HALF["q2"] += """They are not good recommendations
awful
The model is overfitting
weird
"""

WRONG["q2"] += """They look good to me
Good, they're all famous movies
The user hasn't rated enough movies
All of the films are well-known classics
The recommendations fit the user very well
I think it is fine
Predictions all lie between 0.5 and 5
the movies are popular and have many ratings
Everything seems sensible
lots of people have rated these films
The movies are old
The movies are very popular
Great list, I know all of them
The predicted ratings are reasonable
These have thousands of ratings
I would watch them
the recommendations match his taste
predictions look ok
they aren't bad
plenty of people have seen these
"""

RIGHT["q3"] += """Only show movies that at least 50 people have rated
Throw away all films with under 100 ratings before sorting
Set a minimum on n_ratings
Add weight regularization to the embeddings
use L2 so that the embedding weights don't get so big
Weight decay
Recommend just those films that enough users have voted on
Sort by a mix of predicted rating and number of ratings
Shrink predictions for movies with few ratings toward the global mean
Use a Bayesian average
use fewer latent factors
Early stopping
Put a Gaussian prior on the embeddings
filter out movies nobody has seen
drop rare movies from the training data
punish large weights in the loss function
Require a certain popularity
use a lower confidence bound instead of the mean
Rank by the lower end of the interval
cap the embedding norm
We could ignore any movie whose number of ratings is below some value
collect more ratings for the obscure films
don't consider movies having fewer than 30 reviews
Take only movies that have been rated 100 times or more
Require n_ratings >= 50
Only use movies with a sufficient number of ratings
hide films which hardly anybody rated
multiply the score by log of the number of ratings
penalize big embeddings
add a regularization term to the loss
Have a popularity cutoff
Leave out everything with fewer than 20 votes
give more weight to movies that have many ratings
kernel_regularizer=l2(1e-6)
reduce the embedding size
Make the model less complex
limit recommendations to well known films
increase the penalty on the weights
rank by the expected rating minus the standard error
discard obscure films
add noise or dropout during training
boost popular movies
filter by number of ratings
"""

HALF["q3"] += """Change how the model is trained
use a filter
a different loss
a better model
change the model
filter
"""

WRONG["q3"] += """Train for more epochs
Exclude the most popular films
Remove users with few ratings
reduce the regularization
keep only movies with less than 10 ratings
show films with less than 50 ratings
Nothing can be done
Turn off the L2 penalty
increase the number of factors to 64
recommend the rarest movies
use a higher learning rate
recommend only obscure movies
train with more epochs so it learns better
Delete users who rated little
only show films with few ratings
remove popular movies from the list
don't use regularisation
bigger model
"""

RIGHT["q6"] += """Set everything above 5 to 5 and everything below 0.5 to 0.5
Add a sigmoid at the end and scale it to the range 0.5-5
Just cap the predictions at 5 stars
Use a sigmoid activation function on the last layer
It doesn't matter because we only use the order of the items
use min(5, max(0.5, pred))
You could treat it as classification into ten rating levels
More regularization would bring the predictions back into the range
round predictions greater than 5 down to 5
Not needed for ranking, since it's only the order that counts
squash the output with tanh
apply a logistic function
truncate to the interval
scale the outputs so they end up inside 0.5 to 5
no need, the top 5 stays the same anyway
Clip them
clamp predictions to [0.5, 5]
use a scaled sigmoid
cut off values over 5
use a softmax over the ten possible ratings
for ranking it makes no difference
you can limit the output with min and max
let the final layer have a sigmoid
pull them in with L2
it isn't a problem if we only need the ranking
"""

HALF["q6"] += """change the last layer
use an activation function
No
"""

WRONG["q6"] += """It cannot be prevented
clip before sorting
Predictions are never outside
add more movies
clip first and then rank the films
change n to 10
there is no way to stop it
remove users
take away the penalty
clip, then sort
Clip before you rank
"""

RIGHT["q7"] += """All weights go to zero so every prediction is the same
everyone gets the same list
The model predicts the average for everybody
embeddings become 0
they converge to the global mean
Recommendations become the most popular movies for all users
every user sees identical movies
No more personalization
It becomes a constant prediction of the mean rating
all predictions are equal to the offset
The dot product goes to 0
The order becomes arbitrary since all scores tie
It would just suggest popular stuff to everyone regardless of their taste
the vectors shrink until there is nothing left
the parameters are all driven towards zero
user preferences no longer play a role
All the embeddings are squashed to zero, so the model predicts the mean for each movie
the same list for every user
everything is predicted as 0 (the centred mean)
we get non-personalised recommendations
the recommendations don't depend on the user any more
everyone is shown blockbuster films
all movies get the same score
they become generic
the weights vanish
predictions approach the average rating
"""

HALF["q7"] += """the weights get smaller
the films are more popular
it gets worse
underfitting
"""

WRONG["q7"] += """They become more obscure
the weights get larger
They become more personalized
predictions become infinite
Different users get more different lists
the embeddings grow without bound
the lists get more diverse
the recommendations get better and better
rarer films are recommended
It stays as it was
they become more obscure movies
more different for each user
the weights explode
recommendations become more individual
overfitting increases
predictions get more extreme
lists differ more
"""

RIGHT["q8"] += """User bias says how strict a rater is, movie bias how good a film is in general; without \
them RMSE goes up
They capture that some users rate higher than others. Without biases the validation error increases a lot
Biases model overall popularity so that the factors can concentrate on taste
A film's bias is its general quality, a user's bias is their leniency. Removing them makes the error worse
Some people are harsh critics, and some movies are liked by everyone. Accuracy suffers when you \
remove the biases
Bias = how far a user's average is from the overall mean; the loss rises from .87 to .92 without
They take over the main effects, so embeddings only need to explain interactions
the error is higher without biases because the embeddings also must learn the average level
They account for grumpy users; leaving them out costs accuracy
Item biases describe how well-liked a movie is by all, and dropping them hurts the RMSE
With biases the RMSE is better because the general tendencies are handled separately
The bias soaks up the mean rating per user; with lots of data taking them away hardly changes the error
Without biases the factors have to encode both popularity and taste under a single penalty
A user bias tells whether somebody rates high or low in general; RMSE rises if you take them away
Movie bias: how good the film is for everyone. If we remove it, the loss gets larger
They soak up the average of each user and movie so that factors describe only taste
Removing biases makes predictions less accurate since some users are generous
popular films get a higher bias; without biases the error is clearly larger
Some users are nicer than others. Leaving biases out makes the rmse worse
The bias describes overall popularity, and the accuracy drops from .872 to .919 RMSE without it
"""

HALF["q8"] += """A bias is how generous a user is
the mean of a film
Accuracy gets worse without them
"""

WRONG["q8"] += """The error falls without biases
Accuracy improves when you remove them
biases make the model faster
I have no idea
RMSE is lower without
the model is better without biases
They add noise
They are the learning rate
biases store the number of movies
they are for regularization only
They hold the ids
without biases it is more accurate
removing biases improves accuracy
The RMSE is smaller if you remove biases
dropping them lowers the error
"""

RIGHT["q9"] += """It randomly sets some of the embedding entries to zero during training
It's a form of regularization
Some latent factors are switched off at random in each step
reduces overfitting by making the model not depend on any single factor
acts like an L2 penalty on the product of the factors
random units are ignored in training, so the net generalizes better
It forces redundancy among the factors, which regularises the model
Each dimension is zeroed with probability p
drops random coordinates of the user and movie vectors
it stops the model from memorising the ratings
the validation loss gets lower since it can't memorise
It adds noise to the embeddings
Makes it harder for the model to overfit
it keeps factors from co-adapting
Randomly turns off parts of the embedding vectors while training
Regularizes the model
it fights overfitting
some numbers in the vectors are replaced by zero by chance
Each training step uses a random subset of the factors
works like a penalty
improves generalization
prevents single factors from dominating
The validation error becomes smaller
"""

HALF["q9"] += """It leaves something out
it is off at test time
noise
"""

WRONG["q9"] += """It removes random users
It deletes ratings from the data set
drops movies with few ratings
It causes overfitting
It drops factors at test time
it makes the model overfit more
It removes columns from the table
It speeds up training
It adds more layers
It increases the embedding size
It removes reviews randomly
dropout leads to more overfitting
it leaves out some users at random
it deletes movies
it makes overfitting worse
It removes ratings
drops factors when predicting
takes random rows out of the ratings table
it makes training faster
"""

RIGHT["q10"] += """Use a stronger L2 penalty
Increase regularization with the embedding size
early stopping on the validation loss
Add dropout
get more data
stop training when validation loss starts to go up
use weight decay and choose it on the validation set
Higher lambda for larger embeddings
add a kernel regularizer to the embedding layers
Penalise large weights
more ratings per user
with bigger embeddings you need more regularisation
halt training once the validation error stops improving
Bayesian averaging / priors on the factors
larger penalty for a larger embedding
stop when val loss is lowest
use regularization
stop early
dropout layers
use L2
collect more data
more training examples
raise the l2 strength
keep the weights small with a penalty
"""

HALF["q10"] += """Training loss goes down and validation loss goes up
tune it
the gap between training and validation grows
"""

WRONG["q10"] += """Train longer
Use even more factors
lower the penalty
Train on the validation data too
more epochs
it cannot be prevented
add more layers
increase the size to 64
use no dropout
use less dropout
turn off l2
use a larger embedding
don't regularise
more training epochs
less penalty
smaller lambda
add validation data to the training set
reduce l2
"""

RIGHT["q11"] += """MF starts slow because both embeddings start near zero so their gradients are tiny
In the network all ratings update the shared weights; in MF each vector is only updated by its own ratings
the gradient of a dot product is the other vector, which is close to zero at the start
each embedding row gets only few updates per epoch
There is a saddle point at zero
Small initial values give small gradients
the dense network has biases and shared layers that every example trains, embeddings get sparse gradients
ALS solves each row exactly so it needs few iterations
The product of two small numbers has a small gradient
Factor vectors are initialised close to 0 and so learning begins slowly
A movie's vector only changes when one of its ratings is in the batch
With alternating least squares it would converge in a few sweeps
because the weights of the network are shared by all users
embedding gradients are multiplied by the other embedding, and that is tiny in the beginning
the network trains fast since its weights see every rating, while a movie vector sees just a few
initialised near zero, so p*q has nearly no gradient
alternating least squares solves exactly
embeddings for rare films are hardly updated
"""

HALF["q11"] += """The network converges faster
MF is slow at first
The network drops at once then plateaus
the network overfits later
"""

WRONG["q11"] += """They behave the same
There is no difference
Both losses rise
They are identical
because the computer is slow
both go up
the learning rate is too high
factorization has more data
the network uses a different dataset
there's no reason
no difference
they're the same
both rise
because of the GPU
"""

RIGHT["q12"] += """When there are extra features like genre or age
For cold start, when a new movie has no ratings
If you have text or images
when the relation between users and movies is non-linear
when you want to use time of day or device
If you have metadata about films
when we know more about users, e.g. their age and location
for brand new users
when order of views matters (sequences)
To include side information
when the interaction is too complex for a dot product
for multi-task learning
if you have descriptions of the movies
new items that haven't got any ratings yet
if there's additional information like plot or cast
when you want to recommend items without any rating
with contextual features such as time
new users without history
to model non-linear relations
using pictures or audio
when we have demographic data of users
"""

HALF["q12"] += """when you have more data
when it is complex
for larger datasets
if it gives better results
"""

WRONG["q12"] += """Never
Always
when you only have ids
when it should be fast
when you have no features
when I have little time
if there are only user ids and movie ids
when you want simple
if the data is small
on Mondays
never, MF is better
if only ids are known
when speed matters
"""

RIGHT["q13"] += """Play counts are not ratings, they show implicit preference
Counts have to be turned into weights or logged
you need to tune the regularization again
no play doesn't mean dislike
A book scale goes from 1 to 10, so the scale has to be adapted
The penalty must be re-tuned for each data set
take the log of the counts
A high count means they like it, but zero doesn't say they hate it
use ranking metrics such as NDCG rather than RMSE
treat counts as confidence
the min_ratings threshold has to be chosen anew
Listening 40 times isn't a 40-star rating
use implicit feedback ALS
There are only positive signals, no negative ones
binarize the plays
0 plays may mean they never heard of it
You'd have to choose the penalty again
evaluate by recall at k
weight by the number of plays
a play count isn't an opinion
the rating scale is different
play counts have no upper bound
"""

HALF["q13"] += """Yes it holds
the data is different
The missing entries say something
partly
"""

WRONG["q13"] += """Nothing has to change
exactly the same
use the counts as ratings directly
no changes
the same hyperparameters work
books are longer
buy more memory
just use the counts like stars
leave everything as is
it's exactly the same
treat play counts as ratings
no change needed
"""
