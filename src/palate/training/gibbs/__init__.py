"""Posterior draws by a Gibbs chain."""
