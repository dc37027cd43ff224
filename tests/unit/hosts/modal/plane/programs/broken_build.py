"""An image whose build function raises."""

import modal


def bake() -> None:
    raise LookupError("no such weights")


app = modal.App("broken", image=modal.Image.debian_slim().run_function(bake))


@app.function()
def nothing() -> None: ...
