"""The order of the rooms of `gis/`."""

# From the ground up. A file stands in the room with the longest name that begins its own; a package's name alone is
# its front door, which may show all of its rooms.
ROOMS = (
    "language",  # two languages in every sentence for people
    "glossary",  # one word in each language for a thing of the field
    "tabled",  # results that are a table and more
    "errors",  # one-line errors
    "progress",  # how far a long work is
    "isolation",  # whether files are read in a process of their own
    "version",
    "address",  # addresses of databases, their passwords hidden
    "schema",  # the canonical layers: columns, code lists, units
    "text",  # letters, numbers, dates and encodings as the field writes them
    "settings",  # what the tables of the project file have in common
    "conditions",  # `where`, and how values compare
    "rules",  # checks of the project's own, with examples that are tried
    "project",  # the project file: what a user states, in the schema's words
    "coordinates",  # coordinate systems, and which one a layer is in
    "inventory",  # a survey: its layers, notes and project
    "lengths",  # the four lengths and their uncertainty
    "network",  # lines, graph, tracing, trenches
    "selection",  # which features a total counts
    "totals",  # recorded against measured
    "documents",  # what the commands print as JSON
    "delivery.files",  # what a file is, and whether it is safe
    "delivery.columns",  # which column is which
    "delivery.readers",  # one file a format
    "delivery.dialects",  # what known programs write, and what is what in it
    "delivery",  # from files to an inventory
    "checks.registry",  # codes and what finds them
    "checks.findings",  # what was found, as one table
    "checks.causes",  # what many findings have in common
    "checks.counties",  # where most of them are
    "checks.examples",  # cases as shapes, for pictures
    "checks.rates",  # how often they find something
    "checks.book",  # the catalogue of checks, to be read
    "checks.evidence",  # what rules look at
    "checks.own",  # rules of the project's own, as checks
    "checks.rules",  # one family a file
    "checks",  # the front door: which rules run
    "checks.fixes",  # repairs, and the checks again until nothing is left to repair
    "publish.files",  # files written whole or not at all
    "publish.pages",  # what the report and the map share as pages
    "publish.symbols",  # how a thing is drawn, wherever it is
    "publish.wording",  # figures and sentences for people
    "publish.answers",  # results as the documents that commands print
    "publish.tables",  # on a terminal, CSV, spreadsheets
    "publish.exports",  # GeoPackage, QGIS, SARIF, the corrected delivery
    "publish.map",  # the map, its background, its tiles
    "publish.report",  # the report
    "publish",  # all of a run in one folder
    "api",  # each command as a function
    "",  # the package itself, which shows them
    "console",  # what the command line shows
    "cli",  # the command line
    "__main__",
)
