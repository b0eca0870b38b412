"""The site: HTML shells, style sheets and ES modules over the HTTP API.

The server renders no data. A page is a shell; its module asks the API, as any other client would,
and builds the rest from text. So there is one way to the data, one place that knows about tokens,
and no name from the database ever passes through a template.
"""
