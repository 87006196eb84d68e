# Findings of the checkers: the code, its sentence, and .hint with the remedy.
