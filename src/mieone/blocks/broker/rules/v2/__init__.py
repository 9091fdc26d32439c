"""NGSI v2 in the words of the model, and back: pure, the same store seen by the other API."""
