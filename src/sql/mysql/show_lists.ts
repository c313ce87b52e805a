/** What may follow the words of a form of SHOW. `anything`: it is not read on, and refused under a narrow grant. */
export interface ListForm {
  readonly name: string
  readonly words: readonly string[]
  readonly then: 'filter' | 'database' | 'limit' | 'grantee' | 'anything'
}

const FILTERED = `
databases: DATABASES, SCHEMAS
procedure status: PROCEDURE STATUS
function status: FUNCTION STATUS
package status: PACKAGE STATUS, PACKAGE BODY STATUS
library status: LIBRARY STATUS
variables: VARIABLES
status: STATUS
engines: ENGINES, STORAGE ENGINES
character set: CHARACTER SET, CHARSET
collation: COLLATION
plugins: PLUGINS
privileges: PRIVILEGES
authors: AUTHORS
contributors: CONTRIBUTORS
locales: LOCALES`

const OF_DATABASE = `
tables: TABLES
table status: TABLE STATUS
open tables: OPEN TABLES
triggers: TRIGGERS
events: EVENTS`

const LIMITED = `
warnings: WARNINGS
errors: ERRORS`

const NOT_READ_ON = `
processlist: PROCESSLIST
profiles: PROFILES
profile: PROFILE
engine status: ENGINE
binlog events: BINLOG EVENTS
relaylog events: RELAYLOG
binary logs: BINARY LOGS, MASTER LOGS
binary log status: BINARY LOG STATUS, MASTER STATUS, BINLOG STATUS
replica status: REPLICA STATUS, SLAVE STATUS, ALL SLAVES STATUS, ALL REPLICAS STATUS, SLAVE, REPLICA
replicas: REPLICAS, SLAVE HOSTS, REPLICA HOSTS
routine code: PROCEDURE CODE, FUNCTION CODE, PACKAGE BODY CODE
running plan: EXPLAIN, ANALYZE
parse tree: PARSE_TREE
statistics: CLIENT_STATISTICS, USER_STATISTICS, TABLE_STATISTICS, INDEX_STATISTICS`

/** The longer forms first, where one begins with another. */
export const LISTS: readonly ListForm[] = [
  ...forms(FILTERED, 'filter'),
  ...forms(OF_DATABASE, 'database'),
  ...forms(LIMITED, 'limit'),
  ...forms('grants: GRANTS', 'grantee'),
  ...forms(NOT_READ_ON, 'anything'),
].sort((left, right) => right.words.length - left.words.length)

function forms(list: string, then: ListForm['then']): ListForm[] {
  return list
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [name, words] = line.split(': ') as [string, string]
      return words.split(', ').map((form) => ({ name, words: form.split(' '), then }))
    })
}
