"""Measures the program on this machine, each figure beside a peer's in the same run.

One module a measurement. What has to be a process of its own (the window, the peers) is one of the
`*_process` modules, which print one JSON object.
"""
