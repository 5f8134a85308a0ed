"""How much a target holds: what a load has to keep, what a trial shows of it, and the search for the highest load that holds.

Pure: trials are handed in, whoever runs them. The terms are those of MLRsearch (draft-ietf-bmwg-mlrsearch), where it has them.
"""
