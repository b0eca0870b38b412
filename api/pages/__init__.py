"""The site: HTML shells, style sheets and ES modules over the HTTP API.

The server renders no data. A page is a shell; its module calls the API like any other client and
builds the rest as text. So there is one way to read data, one place that handles tokens, and no
name from the database ever passes through a template.
"""
