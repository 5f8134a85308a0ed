"""`python -m vsock_loadgen` is the command `vsock-loadgen`."""

from vsock_loadgen.cli.main import main

main()
