"""How large and how fast: modulepickle beside plain pickle, its peers and the native import.

    python -m benchmarks                        everything, as Markdown
    python -m benchmarks ship import --json figures.json

`ship` measures packages that other people wrote, `objects` many instances, `byvalue` functions that
have no name to travel under, `import` the library's own start, `loop` an edit on warm clusters of
Ray and Dask. README.md here has the figures and says how to read them. The peers (extra `bench`)
are optional: one that is missing is a row that says so.

What is compared is measured in the same run, in turns, and stands in one row as a ratio: seconds
are the machine's, ratios are the library's. Each group is a function `(Run) -> list[Figure]`.
"""
