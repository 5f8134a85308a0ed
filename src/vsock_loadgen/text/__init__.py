"""Pure: a plan, a result, a receipt or a comparison becomes text: for a terminal, Markdown, or an HTML page."""
