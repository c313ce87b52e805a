/**
 * The isolation tester asks the server whether the sessions that it opened wait for one another, and names them by the
 * process ids of BackendKeyData (isolationtester.c). Through Sallyport those are Sallyport's own, of which the server
 * knows nothing: no answer would ever say that a session waits. So the database under test gets a function of that name
 * which finds each session by the order in which they were opened, and asks the real one.
 */
export const SESSION_NUMBERS: readonly string[] = [
  'ALTER FUNCTION pg_catalog.pg_isolation_test_session_is_blocked(int, int[]) RENAME TO pg_isolation_really_blocked',
  `CREATE FUNCTION pg_catalog.pg_isolation_test_session_is_blocked(given int, session_numbers int[]) RETURNS boolean
   LANGUAGE sql VOLATILE AS $$
     WITH newest AS (
       SELECT pid, backend_start FROM pg_catalog.pg_stat_activity
       WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() AND application_name LIKE 'sallyport:%/%'
       ORDER BY backend_start DESC LIMIT pg_catalog.cardinality(session_numbers)
     ), opened AS (SELECT pg_catalog.array_agg(pid ORDER BY backend_start) AS pids FROM newest)
     SELECT pg_catalog.pg_isolation_really_blocked(pids[pg_catalog.array_position(session_numbers, given)], pids) FROM opened
   $$`,
]
