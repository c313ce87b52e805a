#!/bin/sh
# The proxy's account, with what `sallyport db bootstrap` prints for one schema: it makes and drops an account for each
# session, hands on what grants may allow, and owns nothing. PUBLIC makes nothing here.
set -eu
psql -v ON_ERROR_STOP=1 -v admin="$DB_ADMIN_PASSWORD" -U postgres -d orders <<'SQL'
CREATE ROLE sallyport_admin LOGIN PASSWORD :'admin' CREATEROLE;
CREATE ROLE sallyport_sessions NOLOGIN;
GRANT sallyport_sessions TO sallyport_admin WITH ADMIN OPTION;
GRANT pg_read_all_stats TO sallyport_admin;
REVOKE CREATE, TEMPORARY ON DATABASE orders FROM PUBLIC;
GRANT CONNECT ON DATABASE orders TO sallyport_admin WITH GRANT OPTION;
GRANT USAGE ON SCHEMA public TO sallyport_admin WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO sallyport_admin WITH GRANT OPTION;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO sallyport_admin WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sallyport_admin WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO sallyport_admin WITH GRANT OPTION;
SQL
