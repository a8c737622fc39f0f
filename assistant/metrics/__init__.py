"""Numbers for whoever watches over several machines: what is counted, and the text in which Prometheus reads it.

A label's value comes of the configuration, of a server's list of models or of a table in the code: never of what was
said or asked, of an address, a key or a person.
"""

from assistant.metrics.counts import Counts, Histogram
from assistant.metrics.exposition import Family, Sample, text

__all__ = ["Counts", "Family", "Histogram", "Sample", "text"]
