"""Speed as ratios: the load generator beside two references, in one run, on unix sockets, against the same receiver."""
