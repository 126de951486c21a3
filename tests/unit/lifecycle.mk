# units of lifecycle/
