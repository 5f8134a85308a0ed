"""The outcome of a run: its verdict, its document, and sums and comparisons of several."""
