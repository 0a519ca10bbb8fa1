"""What systems are asked in `conformance.py`, how each is asked, and how answers are judged."""
