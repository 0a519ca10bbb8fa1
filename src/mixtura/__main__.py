"""`python -m mixtura`, the command without its script."""

from mixtura.cli import main

main()
