"""Going live: what an installation has to be told, the tests of it, and the files it is started with."""
