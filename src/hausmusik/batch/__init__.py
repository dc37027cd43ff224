"""Many requests of one instrument, from a file of JSON Lines into another, whatever happens in between.

`plan_batch` reads the lines, `Batcher` plays those that were never played before, `write_results` writes what is known.
A workflow: it sees a Player, the store of takes and the journal, never an engine, a host or the house.
"""
