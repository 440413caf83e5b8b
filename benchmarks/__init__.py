"""How large and how fast: modulepickle beside plain pickle, its peers and the native import.

    python -m benchmarks --into benchmarks      everything: tables, JSON, plots, the targets
    python -m benchmarks --quick ship import    some groups, as Markdown, in a minute

`ship` measures packages that other people wrote, `peers` the same work by others, `objects` many
instances, `byvalue` functions that have no name to travel under, `import` the library's own start,
`growth` curves over files, packages, references, versions and receivers, `fanout` many tasks of one
function, `loop` an edit on warm clusters of Ray and Dask. README.md here has the targets and says
how to read the figures. The peers (extra `bench`) are optional: one that is missing is a row that
says so.

What is compared is measured in the same run, in turns, and stands in one row as a ratio: seconds
are the machine's, ratios are the library's. Each group is a function `(Run) -> list[Figure]`.
"""
