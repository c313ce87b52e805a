import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Login, type Outcome, psql } from '../../clients/programs.ts'
import { emailOf, grantOf, type Person, type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { auditOf, isLoginRefusal, isRefusal, recordAfter } from './records.ts'

/** psql, as it comes with the distribution, through the real program: what each person sees. */

let stack: PostgresStack

beforeAll(async () => {
  const ended = new Date(Date.now() - 1000).toISOString()
  const grants = () => [...usualGrants(), grantOf('alice', 'owner', { id: 'ended', end: ended })]
  stack = await startPostgresStack({ setupSql: CLUB_SQL, roles: CLUB_ROLES, masking: SHOWN_IN_PART, grants })
})
afterAll(() => stack?.stop())

async function as(person: Person, ...statements: readonly string[]): Promise<Outcome> {
  return psql(await stack.login(person), ...statements)
}

/** Rows as psql prints them; the person must have met no error and no notice but the greeting. */
async function rows(person: Person, statement: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await as(person, statement)
  expect({ code, stderr: withoutGreeting(stderr) }).toEqual({ code: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}

function withoutGreeting(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^NOTICE: {2}connected to |^HINT: {2}Every statement is recorded/.test(line))
    .join('\n')
}

describe('the greeting', () => {
  it('names target, role and end of the grant', async () => {
    const { code, stdout, stderr } = await as('alice', 'SELECT 1')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' })
    expect(stderr).toMatch(/NOTICE: {2}connected to club-pg as role reader until \d{4}-\d\d-\d\dT[\d:.]+Z\n/)
  })
})

describe('a syntax error', () => {
  it('is pointed at in the text as it was typed', async () => {
    const { stderr } = await as('alice', "SELECT 'ä', name\n  FROM club.boats WHERE id == 1 ORDER BBY name")
    const [, place, mark] = /\nLINE (.*)\n( *\^)/.exec(stderr) ?? []
    expect(stderr).toMatch(/ERROR: {2}syntax error at character \d+ \(SP-SYNTAX\)/)
    expect(place?.slice((mark?.length ?? 0) - 1 - 'LINE '.length)).toMatch(/^BBY/)
  })
})

describe('what each person sees', () => {
  it('gives an allowed read as it is', async () => {
    expect(await rows('alice', 'SELECT id, name, price FROM club.boats ORDER BY id')).toEqual([
      '1|Alpha|100.00',
      '2|Beta|200.00',
      '3|Gamma|300.00',
    ])
  })

  it.each([
    [
      'SELECT *',
      `SELECT * FROM ONLY club.members ORDER BY id LIMIT 1`,
      '1|Anchor One|Port A|C***@***.invalid|***********111|||',
    ],
    ['an alias', 'SELECT m.email AS plain FROM club.members m WHERE m.id = 1', 'C***@***.invalid'],
    [
      'a join',
      'SELECT b.name, m.phone FROM club.boats b JOIN club.members m ON m.id = b.owner_id WHERE b.id = 2',
      'Beta|***********222',
    ],
    ['a subquery', 'SELECT x.p FROM (SELECT id, phone AS p FROM club.members) x WHERE x.id = 3', '***********333'],
    ['a CTE', 'WITH a AS (SELECT id, email FROM club.members) SELECT email FROM a WHERE id = 2', 'C***@***.invalid'],
    ['a view', 'SELECT contact FROM club.contacts WHERE id = 1', 'C***@***.invalid'],
    ['a materialized view', 'SELECT reach FROM club.contacts_kept WHERE id = 1', '***********111'],
    ['an inheritance child', 'SELECT phone FROM club.captains', '***********444'],
  ])('masks through %s', async (_how, statement, row) => {
    expect(await rows('alice', statement)).toEqual([row])
  })

  it('gives the clear value to the role that has it, and to the unrestricted one', async () => {
    const statement = 'SELECT email, phone FROM club.members WHERE id = 1'
    expect(await rows('bob', statement)).toEqual(['CANARY-MAIL-1@club.invalid|***********111'])
    expect(await rows('carol', statement)).toEqual(['CANARY-MAIL-1@club.invalid|CANARY-TEL-111'])
  })

  it('gives the same token for the same value', async () => {
    const [first, second] = await rows('alice', 'SELECT number FROM club.cards ORDER BY id')
    expect(first).toMatch(/^tok_[a-z2-7]{32}$/)
    expect(second).not.toBe(first)
    expect(await rows('alice', 'SELECT number FROM club.cards_old')).toEqual([first])
  })
})

describe('a masked column that is computed on', () => {
  it.each([
    ['an expression', 'SELECT upper(email) FROM club.members WHERE id = 1', 'C***@***.INVALID'],
    ['a predicate', `SELECT count(*) FROM club.members WHERE email = 'CANARY-MAIL-1@club.invalid'`, '0'],
    ['an aggregate', 'SELECT max(phone) FROM club.members', '***********444'],
    ['an aggregate without a form in SQL', 'SELECT max(number) FROM club.cards', ''],
    ['a sort', 'SELECT count(*) FROM (SELECT id FROM club.members ORDER BY dues) x', '4'],
  ])('is masked in %s, and the notice says so', async (_where, statement, row) => {
    const { code, stdout, stderr } = await as('alice', statement)
    expect({ code, row: stdout.trimEnd() }).toEqual({ code: 0, row })
    expect(stderr).toMatch(
      /NOTICE: {2}the result was computed from masked values of (members|cards)\.\w+ \(SP-COMPUTED\)/,
    )
  })
})

describe('a statement that is refused', () => {
  it.each([
    ['a table out of scope', 'SELECT code FROM club.safes', 'SP-SCOPE', /club\.safes/],
    ['a schema out of scope', 'SELECT detail FROM vault.log', 'SP-SCOPE', /vault\.log/],
    ['an unknown construct', 'SELECT * FROM pg_stat_get_wal()', 'SP-OPAQUE', /pg_stat_get_wal/],
    ['code that is not analysed', 'DO $$BEGIN NULL; END$$', 'SP-VERB', /DO/],
    ['a write without the verb', `INSERT INTO club.drafts VALUES (9, 'x')`, 'SP-VERB', /insert/],
    ['an export', 'COPY club.boats TO STDOUT', 'SP-EXPORT', /COPY/],
    ['a function of a user', 'SELECT club.mail_of(1)', 'SP-FUNCTION', /mail_of/],
    ['a setting of the proxy', `SET client_encoding = 'LATIN1'`, 'SP-SETTING', /client_encoding/],
    ['a table that does not exist', 'SELECT * FROM club.nothing', 'SP-NAME', /nothing/],
    ['a syntax error', 'SELEC 1', 'SP-SYNTAX', /syntax error/],
  ])('%s: a clear error, a record, and the session goes on', async (_what, statement, code, words) => {
    const from = auditOf(stack).length
    const { stdout, stderr } = await as('alice', statement, `SELECT 'still here'`)
    expect(stdout).toBe('still here\n')
    expect(stderr).toMatch(new RegExp(`ERROR: .*\\(${code}\\)`))
    expect(stderr).toMatch(words)
    expect(stderr).toMatch(/HINT: /)
    const record = await recordAfter(stack, from, isRefusal(code))
    expect(record).toMatchObject({ action: 'Denied', actor: { user: { email_addr: 'alice@example.test' } } })
  })
})

describe('a login that is refused', () => {
  async function refusal(login: Login, code: string, words: RegExp): Promise<void> {
    const from = auditOf(stack).length
    const { code: exit, stderr } = await psql(login, 'SELECT 1')
    expect(exit).toBe(2)
    expect(stderr).toMatch(words)
    await recordAfter(stack, from, isLoginRefusal(code))
  }

  it('a token that nobody signed', async () => {
    await refusal(
      await stack.login('alice', { password: 'not.a.token' }),
      'SP-AUTH',
      /the login was refused \(SP-AUTH\)/,
    )
  })

  it('a token of another audience, in the same words', async () => {
    const password = await stack.token('alice', { audience: 'https://another.test' })
    await refusal(await stack.login('alice', { password }), 'SP-AUTH', /the login was refused \(SP-AUTH\)/)
  })

  it('a token that has expired, in the same words', async () => {
    const password = await stack.token('alice', { expiresIn: -120 })
    await refusal(await stack.login('alice', { password }), 'SP-AUTH', /the login was refused \(SP-AUTH\)/)
  })

  it("another person's token", async () => {
    const password = await stack.token('bob')
    await refusal(await stack.login('alice', { password }), 'SP-AUTH', /\(SP-AUTH\)/)
  })

  it('a grant that has ended', async () => {
    const login = await stack.login('alice', { user: `${emailOf('alice')}/owner` })
    await refusal(login, 'SP-NO-GRANT', /\(SP-NO-GRANT\)[\s\S]*Ask for access/)
  })

  it('a token in plain text', async () => {
    const from = auditOf(stack).length
    expect(await inPlainText(await stack.login('alice'))).toMatch(/\(SP-TLS-REQUIRED\)[\s\S]*sslmode=verify-full/)
    const record = await recordAfter(stack, from, isLoginRefusal('SP-TLS-REQUIRED'))
    expect(record).toMatchObject({ actor: { user: { name: 'alice@example.test' } } })
  })
})

describe('what psql itself asks', () => {
  it.each([
    [String.raw`\dn`, 'club|postgres'],
    [String.raw`\dt club.*`, 'club|members|table|postgres'],
    [String.raw`\d club.members`, 'email|text|||'],
    [String.raw`\d club.contacts`, 'contact|text|||'],
    [String.raw`\df club.*`, 'club|mail_of|text|integer|func'],
    [String.raw`\di club.*`, 'club|boats_pkey|index|postgres|boats'],
    [String.raw`\dv club.*`, 'club|contacts|view|postgres'],
    [String.raw`\dp club.boats`, 'club|boats|table|||'],
    [String.raw`\du`, 'postgres|Superuser, Create role, Create DB, Replication, Bypass RLS|{}'],
    [String.raw`\conninfo`, ''],
  ])('%s works under a narrow role', async (command, line) => {
    expect(await rows('alice', command)).toContainEqual(expect.stringContaining(line))
  })
})

describe('Ctrl-C', () => {
  it('cancels a running query, and the session goes on', async () => {
    const watch = await stack.direct()
    const running = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT count(*) AS slow_one%'`
    const terminal = typeAt(await stack.login('carol'))
    // psql throws away what was typed before its prompt.
    await vi.waitFor(() => expect(terminal.shown()).toMatch(/=# $/), 10_000)
    terminal.type('SELECT count(*) AS slow_one FROM generate_series(1, 100000000000);\n')
    await vi.waitFor(async () => expect((await watch.query(running)).rowCount).toBe(1), { timeout: 20_000 })
    terminal.type('\x03')
    await vi.waitFor(
      () => expect(terminal.shown()).toMatch(/canceling statement due to user request[\s\S]*=# $/),
      10_000,
    )
    terminal.type(`SELECT 'still ' || 'here';\n\\q\n`)
    await terminal.ended
    expect(terminal.shown()).toMatch(/still here/)
    await recordAfter(stack, 0, ({ metadata }) => metadata.event_code === 'db.cancel')
    await recordAfter(stack, 0, ({ unmapped }) => unmapped.jit.outcome === 'cancelled')
    expect((await watch.query(running)).rowCount).toBe(0)
  })
})

/** psql at a terminal of its own, made by script(1): what is typed there goes through the terminal's line discipline. */
function typeAt(login: Login) {
  const child = spawn('script', ['-qec', `psql -n -X -A -t "${connection(login, 'require')}"`, '/dev/null'], {
    env: { ...environment(login), TERM: 'dumb', PSQL_PAGER: 'cat', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  const ended = new Promise((done) => child.once('close', done))
  return { type: (text: string) => child.stdin.write(text), shown: () => shown, ended }
}

async function inPlainText(login: Login): Promise<string> {
  const args = ['-X', '-d', connection(login, 'disable'), '-c', 'SELECT 1']
  const child = spawn('psql', args, { env: environment(login), stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  await new Promise((done) => child.once('close', done))
  return stderr
}

function connection({ host, port, user, database }: Login, sslmode: string): string {
  return `host=${host} port=${port} user='${user}' dbname=${database} sslmode=${sslmode}`
}

function environment({ password }: Login): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8', PGPASSWORD: password }
}
