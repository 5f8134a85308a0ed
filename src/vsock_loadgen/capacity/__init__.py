"""How much a target holds: the goals of a load, what a trial shows of them, and the search for the highest load that holds.

Pure: trials are handed in. The terms are those of MLRsearch (draft-ietf-bmwg-mlrsearch), if it has them.
"""
