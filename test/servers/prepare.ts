import { mysqlUnavailable } from './mysql_packages.ts'

/** Downloads what the end-to-end suites share before their processes would do it at the same time. */
export default function prepare(): void {
  const reason = mysqlUnavailable()
  if (reason !== null) process.stderr.write(`\n!!!!! MySQL can't be had here: ${reason}\n\n`)
}
