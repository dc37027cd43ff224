"""Instruments on serverless machines of the user's own Modal account.

`declaration` says as data what an instrument is there, `app` makes it a Modal app, `container` is the program that runs
in it, `host` plays it, `plane` is a control plane on this machine that dry runs and tests deploy to. Only what imports
those modules imports modal.
"""
