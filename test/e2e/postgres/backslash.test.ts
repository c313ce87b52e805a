import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Login, psql } from '../../clients/programs.ts'
import { describeEachPostgres } from '../../servers/availability.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, HIDDEN, READER } from './club.ts'

/**
 * psql's describing commands (PostgreSQL documentation, psql, "Meta-Commands") under a narrow grant: each prints what
 * it prints straight from the server to the account that the session logs in as.
 */

const MORE_SQL = [
  ...CLUB_SQL,
  "CREATE TYPE club.rank AS ENUM ('mate', 'captain')",
  'CREATE TYPE club.place AS (name text, berth int)',
  'CREATE DOMAIN club.short AS text CHECK (length(VALUE) < 9)',
  'CREATE SEQUENCE club.numbers',
  'CREATE TABLE club.trips (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boat_id int REFERENCES club.boats, days int DEFAULT 1 CHECK (days > 0), at club.place, by club.rank)',
  'CREATE INDEX trips_days ON club.trips ((days * 2)) WHERE days > 3',
  'CREATE STATISTICS club.trips_both ON id, days FROM club.trips',
  "CREATE FUNCTION club.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'",
  "CREATE PROCEDURE club.nothing() LANGUAGE plpgsql AS 'BEGIN END'",
  "CREATE FUNCTION club.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  'CREATE TRIGGER trips_keep BEFORE UPDATE ON club.trips FOR EACH ROW EXECUTE FUNCTION club.keep()',
  'ALTER TABLE club.trips ENABLE ROW LEVEL SECURITY',
  'CREATE POLICY trips_short ON club.trips USING (days < 9)',
  'CREATE PUBLICATION club_trips FOR TABLE club.trips',
  "COMMENT ON TABLE club.trips IS 'where the boats went'",
  'ALTER DEFAULT PRIVILEGES IN SCHEMA club GRANT SELECT ON TABLES TO PUBLIC',
  'GRANT SELECT (id) ON club.boats TO PUBLIC',
]

const COMMANDS = `
\\d \\d+ \\dS \\da \\daS \\dA \\dA+ \\dAc \\dAf \\dAf+ \\dAo \\dAo+ \\dAp \\dAp+ \\db \\db+ \\dc \\dc+ \\dcS \\dC \\dC+
\\dconfig \\dconfig+ \\dd \\ddS \\dD \\dD+ \\ddp \\des \\des+ \\det \\det+ \\deu \\deu+ \\dew \\dew+ \\df \\df+ \\dfS \\dfa \\dfn
\\dfp \\dft \\dfw \\dF \\dF+ \\dFd \\dFd+ \\dFp \\dFp+ \\dFt \\dFt+ \\dg \\dg+ \\du \\du+ \\di \\di+ \\dL \\dL+ \\dm \\dm+ \\dn
\\dn+ \\dnS \\do \\doS \\dO \\dO+ \\dOS \\dp \\drds \\dRp \\dRp+ \\dRs \\ds \\ds+ \\dt \\dt+ \\dtS \\dT \\dT+ \\dTS \\dv \\dv+ \\dx
\\dx+ \\dX \\dy \\dy+ \\z \\l \\dP \\dP+ \\dPt \\dPi \\encoding \\dE`
  .trim()
  .split(/\s+/)

const ON_OBJECTS = [
  ...['members', 'boats', 'cards', 'cards_old', 'captains', 'trips', 'contacts', 'contacts_kept', '"Odd Name"'].flatMap(
    (name) => [`\\d club.${name}`, `\\d+ club.${name}`],
  ),
  ...[
    '\\dt club.*',
    '\\dt+ club.*',
    '\\di+ club.*',
    '\\dv+ club.*',
    '\\dm+ club.*',
    '\\ds+ club.*',
    '\\df+ club.*',
    '\\dT+ club.*',
  ],
  ...[
    '\\dD+ club.*',
    '\\dp club.*',
    '\\z club.*',
    '\\dX club.*',
    '\\d club.numbers',
    '\\d+ club.*',
    '\\dt *.*',
    '\\dn club',
    '\\du postgres',
  ],
  ...[
    '\\sf club.twice',
    '\\sf+ club.twice',
    '\\sv club.contacts',
    '\\sv+ club.contacts',
    '\\dd club.*',
    '\\d club.trips_days',
    '\\dRp+ club_trips',
  ],
]

let stack: PostgresStack
let direct: Login

/** This shows options of user mappings, which hold credentials. */
const CREDENTIALS = new Set(['\\deu+'])

/** Settings that the proxy sets on every session. */
const OWN_SETTINGS = /^(?:application_name|client_encoding|enable_indexonlyscan)\|.*\n/gm

/** All commands in one run of psql, a mark before each; what the greeting says is no part of an answer. */
async function answers(login: Login, commands: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const marked = commands.flatMap((command) => [`\\echo <<<${command.replaceAll('\\', '/')}`, '\\warn <<<', command])
  const { stdout, stderr } = await psql(login, ...marked)
  const errors = stderr.split('<<<\n').slice(1)
  const parts = stdout.split('<<<').slice(1)
  return new Map(commands.map((command, index) => [command, said(`${parts[index]}`, `${errors[index]}`)]))
}

function said(part: string, error: string): string {
  return `${part.slice(part.indexOf('\n') + 1).replaceAll(OWN_SETTINGS, '')}${error}`
}

describeEachPostgres('describing commands of psql', (version) => {
  beforeAll(async () => {
    const grants = () => [grantOf('alice', 'reader')]
    stack = await startPostgresStack({ version, setupSql: MORE_SQL, roles: [READER], masking: HIDDEN, grants })
    const { host, port, user, password, database, caFile } = stack.postgres
    direct = { host, port, user, password, database, caFile }
  })
  afterAll(() => stack?.stop())

  describe.each([
    ['without a name', COMMANDS],
    ['on objects', ON_OBJECTS],
  ])('%s', (_what, commands) => {
    it('answer as the server does', async () => {
      const through = await answers(await stack.login('alice'), commands)
      const straight = await answers(direct, commands)
      for (const command of commands) {
        const said = through.get(command)
        if (CREDENTIALS.has(command))
          expect(said).toMatch(/options is not open to reading under this grant \(SP-SCOPE\)/)
        // An older psql may ask a newer server for a column that is gone.
        else if (straight.get(command)?.startsWith('ERROR:')) expect(said).toMatch(/^ERROR:/)
        else expect({ command, said }).toEqual({ command, said: straight.get(command) })
      }
    })
  })
})
