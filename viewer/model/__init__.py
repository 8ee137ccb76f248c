"""What a reader of the case means: frozen values, numpy only, no files, no signals."""
