# units of store/
