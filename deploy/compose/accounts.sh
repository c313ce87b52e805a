#!/bin/sh
# The proxy's two accounts: one reads the catalog, the other is what people's sessions use.
set -eu
psql -v ON_ERROR_STOP=1 -v admin="$DB_ADMIN_PASSWORD" -v app="$DB_APP_PASSWORD" -U postgres -d orders <<'SQL'
CREATE ROLE sallyport_admin LOGIN PASSWORD :'admin' CONNECTION LIMIT 5;
CREATE ROLE sallyport_app LOGIN PASSWORD :'app' NOSUPERUSER NOCREATEDB NOCREATEROLE;
GRANT pg_read_all_data, pg_write_all_data TO sallyport_app;
SQL
