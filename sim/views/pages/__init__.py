"""The one page of all doors: a run that is there, a run on this machine, a world under the hand."""
