"""How a latent value becomes a rating: a class for each likelihood, in a module of its own."""
