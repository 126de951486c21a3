# units of rules/
