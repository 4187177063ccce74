"""The core that the explorer and the service share: models, live ratings, lists and explanations."""
