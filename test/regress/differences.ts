/** Tests of the suites whose answers differ through the proxy, and why they must. */
export const EXPLAINED: ReadonlyMap<string, string> = new Map([
  [
    'async-notify',
    'a notification of another session carries the process id that the server knows, and the tester knows the other session by the number of its login through Sallyport',
  ],
  [
    'insert-conflict-specconflict',
    "a query of pg_stat_activity looks for an application_name that begins with the test's: through Sallyport it begins with the session's own",
  ],
])
