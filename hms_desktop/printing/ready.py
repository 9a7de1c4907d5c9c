"""Gets printing ready before the first label is wanted."""


def get_ready() -> None:
    """Loads the library that draws PDFs, and its fonts: half a second, to be spent on another thread."""
    # Here and not above, since nobody who starts the program waits for them.
    from hms_desktop.printing import bills, labels  # noqa: F401, PLC0415 - see above
    from hms_desktop.printing.blocks import Text  # noqa: PLC0415 - see above
    from hms_desktop.printing.sheet import Sheet, compose  # noqa: PLC0415 - see above

    compose(
        Sheet(width_mm=20, height_mm=20, margin_mm=2), [Text(text="", size_pt=6)], title="", page_words=""
    )
