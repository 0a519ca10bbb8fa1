"""`python -m mixtura.cli`, the command without its script."""

from mixtura.cli import main

main()
