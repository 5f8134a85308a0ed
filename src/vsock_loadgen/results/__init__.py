"""The outcome of a run: how it is judged, its document, and what is made of several of them."""
