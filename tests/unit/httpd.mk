# units of httpd/
