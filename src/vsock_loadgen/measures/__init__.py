"""Pure records that cross stages: outcome, histogram, snapshot, receipt, result."""
