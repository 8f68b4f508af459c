"""The parts that differ from machine to machine: compiling, threads, memory, folders; no result depends on them."""
