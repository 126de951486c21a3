EXTRA_DIST += contrib/quickstart

# Names, verbs and options come from rosterctl itself.
completionsdir = $(datadir)/bash-completion/completions
dist_completions_DATA = contrib/completion/rosterctl
