import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { decideBy } from '../../src/policy/decide.ts'
import { RULES } from '../../src/policy/rules.ts'
import type { StatementFacts } from '../../src/sql/facts.ts'
import {
  allowed,
  call,
  type Given,
  inputOf,
  maskLine,
  NOW,
  refused,
  relation,
  scopeRule,
  selectOf,
  statement,
  use,
} from './build.ts'

const users = relation('users', ['id', 'name', 'email', 'ssn'])
const secrets = relation('secrets', ['id', 'api_key'])
const PARTIAL = { strategy: 'partial', keepFirst: 1, keepLast: 1, fill: '*' } as const
const REDACT = { strategy: 'redact', text: 'REDACTED' } as const
const ALL_VERBS = scopeRule({ verbs: ['read', 'insert', 'update', 'delete'] })

function given(one: StatementFacts, over: Partial<Given> = {}): Given {
  return { relations: [users, secrets], statements: [one], ...over }
}

/** A system relation, as the catalog gives it. */
function system(name: string, columns: readonly string[], schema = 'pg_catalog') {
  return relation(name, columns, { kind: 'system', schema })
}

describe('the table of rules', () => {
  it('is asked in this order', () => {
    expect(RULES.map(({ name }) => name)).toEqual([
      'grant',
      'plan',
      'unrestricted',
      'definitions',
      'opaque',
      'kinds',
      'multi',
      'settings',
      'export',
      'functions',
      'catalogs',
      'scope',
      'views',
      'writes',
      'references',
      'counted',
      'masked',
      'computed',
    ])
  })

  it('denies where a rule throws, without a word of the cause', () => {
    const input = inputOf(given(selectOf(users, ['id'])))
    const broken = { name: 'broken', judge: () => JSON.parse('secret') }
    expect(decideBy([broken], input)).toMatchObject({ effect: 'deny', rule: 'broken', code: 'SP-INTERNAL' })
    const known = {
      name: 'known',
      judge: () => {
        throw new SallyportError('SP-CATALOG', 'stale')
      },
    }
    expect(decideBy([known], input)).toMatchObject({ effect: 'deny', rule: 'known', code: 'SP-CATALOG' })
  })

  it('gives the same answer twice', () => {
    const one = given(selectOf(users, ['id', 'email']), { masks: [maskLine('users', 'email', PARTIAL)] })
    expect(allowed(one)).toEqual(allowed(one))
  })
})

describe('grant', () => {
  it.each([
    [NOW - 1001, 'SP-GRANT-ENDED'],
    [NOW + 1000, 'SP-GRANT-ENDED'],
  ])('refuses at %i', (now, code) => {
    expect(refused(given(selectOf(users, ['id']), { now })).code).toBe(code)
  })

  it.each([NOW - 1000, NOW + 999])('allows at %i', (now) => {
    expect(allowed(given(selectOf(users, ['id']), { now })).effect).toBe('allow')
  })

  it('binds an unrestricted role too', () => {
    const role = { unrestricted: true }
    expect(refused(given(statement(), { role, now: NOW + 1000 })).rule).toBe('grant')
  })
})

describe('unrestricted', () => {
  it('sends the text as it is, with what is known of it for the audit', () => {
    const opaque = statement({ kind: 'opaque', opaque: { code: 'SP-OPAQUE', reason: 'x' } })
    const decision = allowed({
      relations: [users],
      statements: [opaque, selectOf(users, ['email'])],
      role: { unrestricted: true, scope: [] },
      masks: [maskLine('users', 'email', REDACT)],
    })
    expect(decision.verbatim).toBe(true)
    expect(decision.plans).toHaveLength(2)
    expect(decision.plans[1]).toMatchObject({ fields: null, columns: [{ column: 'email', seen: 'clear' }] })
  })
})

describe('unrestricted COPY', () => {
  it('to the client is refused before it begins without `exports`, in any part of the message', () => {
    const role = { unrestricted: true, scope: [] }
    const statements = [selectOf(users, ['id']), statement({ kind: 'copy', verbs: ['read', 'export'] })]
    const decision = refused({ relations: [users], statements, role })
    expect(decision).toMatchObject({ code: 'SP-EXPORT', rule: 'unrestricted', statement: 1 })
    allowed({ relations: [users], statements, role: { ...role, exports: true } })
    allowed({ relations: [users], statements: [statement({ kind: 'copy', verbs: ['insert'] })], role })
  })
})

describe('opaque and export', () => {
  it('keeps the code and reason of the analysis', () => {
    const one = statement({ kind: 'opaque', opaque: { code: 'SP-SYNTAX', reason: 'near x' } })
    expect(refused(given(one))).toMatchObject({ code: 'SP-SYNTAX', reason: 'near x', rule: 'opaque' })
  })

  it('sees the statement inside', () => {
    const inner = statement({ kind: 'opaque', opaque: { code: 'SP-OPAQUE', reason: 'x' } })
    expect(refused(given(statement({ kind: 'explain', inner }))).rule).toBe('opaque')
  })

  it('refuses exports in every form', () => {
    expect(refused(given(statement({ kind: 'copy' }))).code).toBe('SP-EXPORT')
    expect(refused(given(statement({ verbs: ['read', 'export'] }))).code).toBe('SP-EXPORT')
  })
})

describe('multi', () => {
  const set = (name: string, value: string) =>
    statement({ kind: 'set', settings: [{ name, scope: 'session', values: [value] }] })
  const read = selectOf(users, ['id'])

  it.each<[string, StatementFacts[]]>([
    ['search_path', [set('search_path', 'other'), read]],
    ['USE', [statement({ kind: 'use', name: 'shop' }), statement({ kind: 'show', name: 'tables' })]],
    ['RESET ALL', [statement({ kind: 'reset', settings: [{ name: 'all', scope: 'session', values: null }] }), read]],
    ['DISCARD', [statement({ kind: 'discard', name: 'all' }), read]],
    ['a later part still', [set('search_path', 'other'), statement({ kind: 'begin' }), read]],
  ])('refuses what depends on an earlier %s', (_what, statements) => {
    expect(refused({ relations: [users], statements })).toMatchObject({
      code: 'SP-MULTI',
      statement: statements.length - 1,
    })
  })

  it('refuses EXECUTE after PREPARE of the same message', () => {
    const statements = [
      statement({ kind: 'prepare', inner: statement(), name: 's' }),
      statement({ kind: 'execute', name: 's' }),
    ]
    expect(refused({ relations: [users], statements, dialect: 'mysql' }).code).toBe('SP-MULTI')
  })

  it.each<[string, StatementFacts[]]>([
    ['transactions', [statement({ kind: 'begin' }), read, statement({ kind: 'commit' })]],
    ['settings that name nothing', [set('extra_float_digits', '3'), set('application_name', 'x'), read]],
    ['settings at the end', [read, statement({ kind: 'unlisten' }), set('search_path', 'shop')]],
    ['an empty message', []],
  ])('allows %s', (_what, statements) => {
    expect(allowed({ relations: [users], statements }).plans).toHaveLength(statements.length)
  })
})

describe('functions', () => {
  it.each(['lower', 'count', 'now', 'format_type', 'pg_get_viewdef', 'json_agg', '~~', 'date_trunc', 'coalesce'])(
    'allows %s',
    (name) => {
      expect(allowed(given(statement({ functions: [call(name)] }))).effect).toBe('allow')
    },
  )

  it.each([
    'query_to_xml',
    'table_to_xml',
    'cursor_to_xml',
    'database_to_xml',
    'ts_stat',
    'lo_get',
    'pg_read_file',
    'pg_ls_dir',
    'pg_sleep',
    'set_config',
    'nextval',
    'setval',
    'pg_notify',
    'pg_stat_get_activity',
    'pg_advisory_lock',
    'pg_terminate_backend',
    'dblink',
    'no_such_function',
    'current_query',
  ])('refuses %s', (name) => {
    const deny = refused(given(statement({ functions: [call(name)] })))
    expect(deny.code).toBe('SP-FUNCTION')
    expect(deny.reason).toContain(name)
  })

  it('runs a routine that people made only where the role lists it', () => {
    const one = statement({ functions: [call('f_total', { schema: 'shop', userDefined: true })] })
    expect(refused(given(one)).code).toBe('SP-FUNCTION')
    expect(allowed(given(one, { role: { call: ['shop.f_total'] } })).effect).toBe('allow')
    const shadow = statement({ functions: [call('lower', { schema: 'shop', userDefined: true })] })
    expect(refused(given(shadow)).code).toBe('SP-FUNCTION')
  })

  it.each<[string, boolean]>([
    ['concat', true],
    ['@@sql_mode', true],
    ['@@session.transaction_isolation', true],
    ['@@optimizer_trace', false],
    ['@@global.init_file', false],
    ['@@global.init_connect', true],
    ['sleep', false],
    ['benchmark', false],
    ['load_file', false],
    ['get_lock', false],
    ['decode_histogram', false],
    ['extractvalue', true],
    ['updatexml', true],
    ['name_const', false],
  ])('MySQL: %s is allowed: %s', (name, safe) => {
    const one = given(statement({ functions: [call(name, { schema: '' })] }), { dialect: 'mysql' })
    expect(safe ? allowed(one).effect : refused(one).code).toBe(safe ? 'allow' : 'SP-FUNCTION')
  })
})

describe('catalogs', () => {
  it('are browsed under every grant, even one that covers nothing', () => {
    const role = { scope: [] }
    for (const name of ['pg_class', 'pg_attribute', 'pg_index', 'pg_description', 'pg_settings', 'pg_roles']) {
      const one = system(name, ['oid', 'relname'])
      expect(allowed(given(selectOf(one, ['oid']), { role })).plans[0]?.columns).toEqual([])
    }
    expect(
      allowed(given(selectOf(system('TABLES', ['TABLE_NAME'], 'information_schema'), []), { role, dialect: 'mysql' })),
    ).toBeTruthy()
  })

  it.each([
    'pg_stats',
    'pg_statistic',
    'pg_stats_ext',
    'pg_statistic_ext_data',
    'pg_stat_activity',
    'pg_authid',
    'pg_shadow',
    'pg_largeobject',
    'pg_user_mapping',
    'pg_prepared_statements',
    'pg_cursors',
    'pg_locks',
    'pg_file_settings',
    'pg_hba_file_rules',
    'pg_replication_slots',
  ])('refuses %s', (name) => {
    expect(refused(given(selectOf(system(name, ['a']), ['a']))).rule).toBe('catalogs')
  })

  it('shows who is mapped to a foreign server, and not with which password', () => {
    const mappings = system('pg_user_mappings', ['srvname', 'umoptions'])
    expect(allowed(given(selectOf(mappings, ['srvname']))).effect).toBe('allow')
    expect(refused(given(selectOf(mappings, ['umoptions']))).rule).toBe('catalogs')
  })

  it.each(['processlist', 'PROCESSLIST', 'innodb_trx', 'user_attributes'])('MySQL: refuses %s', (name) => {
    const one = system(name, ['a'], 'information_schema')
    expect(refused(given(selectOf(one, ['a']), { dialect: 'mysql' })).rule).toBe('catalogs')
  })

  it.each(['mysql', 'sys', 'performance_schema'])('MySQL: refuses what %s holds', (schema) => {
    expect(refused(given(selectOf(system('user', ['a'], schema), ['a']), { dialect: 'mysql' })).code).toBe('SP-SCOPE')
  })

  it('hides columns with credentials, by name and as a whole row', () => {
    const subscription = system('pg_subscription', ['oid', 'subname', 'subconninfo'])
    expect(allowed(given(selectOf(subscription, ['subname']))).effect).toBe('allow')
    for (const one of [
      selectOf(subscription, ['subconninfo']),
      selectOf(subscription, [], ['subconninfo']),
      statement({ uses: [use(subscription, {}, { wholeRow: true })] }),
    ]) {
      const [plan] = allowed(given(one)).plans
      expect([...(plan?.substitutions.get(0)?.masks ?? [])]).toEqual([['subconninfo', { kind: 'null' }]])
    }
    const users = system('pg_user_mappings', ['umoptions'])
    expect(refused(given(selectOf(users, ['umoptions']))).reason).toContain('umoptions')
  })

  it('show single columns of what tells of other sessions', () => {
    const locks = system('pg_locks', ['pid', 'transactionid', 'relation'])
    expect(allowed(given(selectOf(locks, ['transactionid']))).effect).toBe('allow')
    expect(refused(given(selectOf(locks, ['transactionid', 'relation']))).code).toBe('SP-SCOPE')
    expect(refused(given(statement({ uses: [use(locks, {}, { wholeRow: true })] }))).code).toBe('SP-SCOPE')
  })

  it('are never written to', () => {
    const target = use(system('pg_class', ['oid']), { oid: 'written' }, { role: 'target' })
    expect(refused(given(statement({ kind: 'update', verbs: ['update'], uses: [target] }))).rule).toBe('catalogs')
  })
})

describe('scope', () => {
  it('names the relation or column that it does not cover', () => {
    const role = { scope: [scopeRule({ exceptTables: ['secrets'], exceptColumns: ['users.ssn'] })] }
    expect(refused(given(selectOf(secrets, ['id']), { role })).reason).toContain('shop.secrets')
    expect(refused(given(selectOf(users, ['ssn']), { role })).reason).toContain('shop.users.ssn')
    expect(refused(given(selectOf(users, ['id'], ['ssn']), { role })).code).toBe('SP-SCOPE')
    expect(refused(given(statement({ uses: [use(users, {}, { wholeRow: true })] }), { role })).code).toBe('SP-SCOPE')
  })

  it('lists an uncovered column as NULL where it is not named', () => {
    const role = { scope: [scopeRule({ columns: ['id', 'name'] })] }
    const [plan] = allowed(given(selectOf(users, ['id']), { role })).plans
    expect([...(plan?.substitutions.get(0)?.masks ?? [])]).toEqual([
      ['email', { kind: 'null' }],
      ['ssn', { kind: 'null' }],
    ])
  })

  it('a child is out of reach as its parent is, and a parent as its child is', () => {
    const child = relation('secrets_2024', ['id', 'api_key'], { parents: ['shop\0secrets'] })
    const relations = [users, secrets, child]
    const except = (table: string) => ({ scope: [scopeRule({ exceptTables: [table] })] })
    expect(refused({ relations, statements: [selectOf(child, ['id'])], role: except('secrets') }).code).toBe('SP-SCOPE')
    expect(refused({ relations, statements: [selectOf(secrets, ['id'])], role: except('secrets_2024') }).code).toBe(
      'SP-SCOPE',
    )
  })

  it('what had another name before is bound by what the rules say of that one', () => {
    const renamed = { ...users, name: 'people', formerly: [{ schema: 'shop', name: 'secrets' }] }
    const judge = (role: NonNullable<Given['role']>) => ({
      relations: [renamed],
      statements: [selectOf(renamed, ['id'])],
      role,
    })
    expect(refused(judge({ scope: [scopeRule({ exceptTables: ['secrets'] })] })).code).toBe('SP-SCOPE')
    expect(refused(judge({ scope: [scopeRule({ exceptColumns: ['secrets.id'] })] })).code).toBe('SP-SCOPE')
    const some = scopeRule({ tables: ['secrets'], where: [{ column: 'id', op: '=', value: [1] }] })
    const [plan] = allowed(judge({ scope: [some, scopeRule()] })).plans
    expect(plan?.substitutions.get(0)?.where).toContain('"id" OPERATOR(pg_catalog.=) 1')
    const columns = users.columns.map((column) => (column.name === 'id' ? { ...column, formerly: ['pin'] } : column))
    const swapped = { ...users, columns }
    const except = { scope: [scopeRule({ exceptColumns: ['pin'] })] }
    expect(refused({ relations: [swapped], statements: [selectOf(swapped, ['id'])], role: except }).code).toBe(
      'SP-SCOPE',
    )
    const elsewhere = { ...users, schema: 'open', formerly: [{ schema: 'shop', name: 'users' }] }
    const both = { scope: [scopeRule({ schemas: ['open'] }), scopeRule({ exceptTables: ['users'] })] }
    expect(refused({ relations: [elsewhere], statements: [selectOf(elsewhere, ['id'])], role: both }).code).toBe(
      'SP-SCOPE',
    )
  })

  it('FOR UPDATE needs the write verb', () => {
    const locking: StatementFacts = { ...selectOf(users, ['id']), verbs: ['read', 'update'] }
    expect(refused(given(locking)).code).toBe('SP-VERB')
    expect(allowed(given(locking, { role: { scope: [ALL_VERBS] } })).effect).toBe('allow')
  })

  it('USE reaches only into covered databases', () => {
    const to = (name: string) => given(statement({ kind: 'use', name }), { dialect: 'mysql' })
    expect(refused(to('internal')).code).toBe('SP-SCOPE')
    expect(allowed(to('shop')).effect).toBe('allow')
    expect(allowed(to('INFORMATION_SCHEMA')).effect).toBe('allow')
  })
})

describe('writes', () => {
  const write = (
    over: Partial<StatementFacts>,
    columns: Record<string, 'written' | 'computed'> = { name: 'written' },
    of = users,
  ) =>
    statement({
      kind: 'update',
      verbs: ['update'],
      hasWhere: true,
      uses: [use(of, columns, { role: 'target' })],
      ...over,
    })
  const role = { scope: [ALL_VERBS] }

  it('need the verb', () => {
    expect(refused(given(write({}))).code).toBe('SP-VERB')
    expect(allowed(given(write({}), { role })).plans[0]?.columns).toEqual([
      { schema: 'shop', table: 'users', column: 'name', seen: 'written' },
    ])
  })

  it('may give a value to a masked column, and not read it', () => {
    const masks = [maskLine('users', 'email', PARTIAL)]
    const plan = allowed(given(write({}, { email: 'written' }), { role, masks })).plans[0]
    expect(plan).toMatchObject({ scrubErrors: true, computed: [] })
    expect(plan?.substitutions.size).toBe(0)
    const deny = refused(given(write({}, { email: 'computed' }), { role, masks }))
    expect(deny.code).toBe('SP-MASKED')
    expect(deny.reason).toContain('shop.users.email')
  })

  it('are no oracle: a constrained masked column is not written', () => {
    const unique = relation('users', ['id', 'email'], { constrained: ['id', 'email'] })
    const one = write({ kind: 'insert', verbs: ['insert'] }, { email: 'written' }, unique)
    const masks = [maskLine('users', 'email', PARTIAL)]
    expect(refused({ relations: [unique], statements: [one], role, masks }).code).toBe('SP-MASKED')
    expect(allowed({ relations: [unique], statements: [one], role }).effect).toBe('allow')
  })

  it('run no trigger that the role does not list, no rule, and no view', () => {
    const triggered = relation('users', ['id', 'name'], { hasTriggers: true })
    const ruled = relation('users', ['id', 'name'], { hasRules: true })
    const view = relation('users', ['id', 'name'], { kind: 'view', definition: 'SELECT 1' })
    const one = (of: typeof users, call: string[] = []) => ({
      relations: [of],
      statements: [write({}, { name: 'written' as const }, of)],
      role: { ...role, call },
      views: { users: statement() },
    })
    expect(refused(one(triggered)).code).toBe('SP-FUNCTION')
    expect(allowed(one(triggered, ['trigger:shop.users'])).effect).toBe('allow')
    expect(refused(one(ruled, ['trigger:shop.users'])).code).toBe('SP-FUNCTION')
    expect(refused(one(view)).code).toBe('SP-VERB')
  })

  it('are refused where the grant covers some rows only and what is given is not known', () => {
    const where = [{ column: 'id', op: '=', value: [3] }] as const
    const filtered = { scope: [scopeRule({ verbs: ['read', 'update'], where })] }
    expect(refused(given(write({}), { role: filtered })).code).toBe('SP-SCOPE')
  })

  it('need a WHERE where the role says so', () => {
    const demanding = { ...role, requireWhere: true }
    expect(refused(given(write({ hasWhere: false }), { role: demanding })).code).toBe('SP-VERB')
    expect(allowed(given(write({}), { role: demanding })).effect).toBe('allow')
  })
})

describe('views', () => {
  const view = relation('v_users', ['id', 'contact'], { kind: 'view', definition: 'SELECT ...' })
  const read = selectOf(view, ['id', 'contact'])
  const definition: StatementFacts = {
    ...selectOf(users, ['id', 'email']),
    output: [
      { name: 'id', origin: { use: 0, column: 'id' }, sources: [{ relation: users, column: 'id' }] },
      { name: 'contact', origin: { use: 0, column: 'email' }, sources: [{ relation: users, column: 'email' }] },
    ],
  }
  const over = (facts: StatementFacts | null, more: Partial<Given> = {}): Given => ({
    relations: [users, secrets, view],
    statements: [read],
    views: { v_users: facts },
    ...more,
  })
  const masks = [maskLine('users', 'email', PARTIAL)]

  it('carry the masks of their sources', () => {
    const [plan] = allowed(over(definition, { masks })).plans
    expect(plan?.fields?.[1]).toEqual({
      name: 'contact',
      mask: PARTIAL,
      origin: { schema: 'shop', table: 'v_users', column: 'contact' },
    })
  })

  it('are NULL where computed from a masked column', () => {
    const computed = { ...definition, output: [definition.output![0]!, { ...definition.output![1]!, origin: null }] }
    const [plan] = allowed(over(computed, { masks })).plans
    expect(plan?.substitutions.get(0)?.masks.get('contact')).toEqual({ kind: 'null' })
  })

  it('are refused where they can not be analysed, or their rows depend on a masked column', () => {
    expect(refused(over(null)).reason).toContain('cannot be analysed')
    const chosen = { ...definition, rowSources: [{ relation: users, column: 'email' }] }
    expect(refused(over(chosen, { masks })).code).toBe('SP-MASKED')
    expect(allowed(over(chosen)).effect).toBe('allow')
  })

  it('are refused where they read a denied, filtered or system relation, or call what is unsafe', () => {
    const denied = { ...definition, uses: [use(secrets, { id: 'passed' })] }
    const except = { scope: [scopeRule({ exceptTables: ['secrets'] })] }
    expect(refused(over(denied, { role: except })).reason).toContain('shop.secrets')
    const where = [{ column: 'id', op: '=', value: [3] }] as const
    const filtered = { scope: [scopeRule({ tables: ['users'], where }), scopeRule()] }
    expect(refused(over(definition, { role: filtered })).code).toBe('SP-SCOPE')
    const stats = { ...definition, uses: [use(system('pg_stats', ['a']), { a: 'passed' })] }
    expect(refused(over(stats)).code).toBe('SP-SCOPE')
    const calls = { ...definition, functions: [call('f', { schema: 'shop', userDefined: true })] }
    expect(refused(over(calls)).code).toBe('SP-FUNCTION')
  })

  it('may read beyond the scope where a rule names them, save what is excluded', () => {
    const only = { scope: [scopeRule({ tables: ['v_users'] })] }
    expect(allowed(over(definition, { role: only })).effect).toBe('allow')
    expect(refused(over(definition, { role: { scope: [scopeRule({ tables: ['v_*'] })] } })).code).toBe('SP-SCOPE')
    const except = { scope: [scopeRule({ tables: ['v_users'], exceptTables: ['users'] })] }
    expect(refused(over(definition, { role: except })).code).toBe('SP-SCOPE')
  })

  it('are followed into the views inside', () => {
    const outer = relation('v_outer', ['id', 'contact'], { kind: 'view', definition: 'SELECT ...' })
    const views = { v_outer: { ...selectOf(view, ['id', 'contact']) }, v_users: definition }
    const given: Given = { relations: [users, view, outer], statements: [selectOf(outer, ['contact'])], views, masks }
    expect(allowed(given).plans[0]?.fields?.[0]?.mask).toEqual(PARTIAL)
    expect(refused({ ...given, views: { ...views, v_users: null } }).code).toBe('SP-SCOPE')
    const ring = { v_outer: selectOf(outer, ['id', 'contact']), v_users: definition }
    expect(refused({ ...given, views: ring }).code).toBe('SP-SCOPE')
  })
})

describe('masked columns', () => {
  it('pass through in clear, for the wire to mask', () => {
    const masks = [maskLine('users', 'email', PARTIAL)]
    const [plan] = allowed(given(selectOf(users, ['id', 'email']), { masks })).plans
    expect(plan).toEqual({
      substitutions: new Map(),
      fields: [
        { name: 'id', mask: null, origin: { schema: 'shop', table: 'users', column: 'id' } },
        { name: 'email', mask: PARTIAL, origin: { schema: 'shop', table: 'users', column: 'email' } },
      ],
      columns: [
        { schema: 'shop', table: 'users', column: 'id', seen: 'clear' },
        { schema: 'shop', table: 'users', column: 'email', seen: 'masked', mask: 'partial' },
      ],
      computed: [],
      scrubErrors: true,
    })
  })

  it('have the SQL form of their mask where computed on, else NULL, and the client is told', () => {
    const masks = [maskLine('users', 'email', PARTIAL)]
    const [plan] = allowed(given(selectOf(users, ['id'], ['email']), { masks })).plans
    expect(plan?.substitutions.get(0)?.masks.get('email')).toMatchObject({ kind: 'partial' })
    const keyed = [maskLine('users', 'email', { strategy: 'hash', keyId: 'k', key: new Uint8Array(32), length: 8 })]
    const [hidden] = allowed(given(selectOf(users, ['id'], ['email']), { masks: keyed })).plans
    expect(hidden?.substitutions.get(0)?.masks.get('email')).toEqual({ kind: 'null' })
    expect(plan?.computed).toEqual(['users.email'])
    const refusing = given(selectOf(users, ['id'], ['email']), { masks, role: { computed: 'refuse' } })
    expect(refused(refusing)).toMatchObject({ rule: 'computed', code: 'SP-MASKED' })
  })

  it('with a constant mask are substituted whether named or not; others beside them still pass', () => {
    const masks = [maskLine('users', 'ssn', REDACT), maskLine('users', 'email', PARTIAL)]
    const [plan] = allowed(given(selectOf(users, ['email', 'ssn']), { masks })).plans
    expect(plan?.substitutions.get(0)?.masks).toEqual(new Map([['ssn', { kind: 'constant', text: 'REDACTED' }]]))
    expect(plan?.fields).toEqual([
      { name: 'email', mask: PARTIAL, origin: { schema: 'shop', table: 'users', column: 'email' } },
      { name: 'ssn', mask: null, origin: null },
    ])
    expect(allowed(given(selectOf(users, ['id']), { masks })).plans[0]?.substitutions.size).toBe(1)
  })

  it('are refused where the reference can not be replaced', () => {
    const fixed = { ...selectOf(users, ['id']), uses: [use(users, { id: 'passed' }, { fixed: 'a sample is taken' })] }
    expect(allowed(given(fixed, { masks: [maskLine('users', 'email', PARTIAL)] })).effect).toBe('allow')
    const deny = refused(given(fixed, { masks: [maskLine('users', 'ssn', REDACT)] }))
    expect(deny).toMatchObject({ code: 'SP-MASKED', rule: 'masked' })
    expect(deny.reason).toContain('a sample is taken')
  })

  it('never pass in EXPLAIN, in a write, or under FOR UPDATE', () => {
    const masks = [maskLine('users', 'email', PARTIAL)]
    const inner = selectOf(users, ['email'])
    const [explained] = allowed(given(statement({ kind: 'explain', verbs: ['read'], inner }), { masks })).plans
    expect(explained?.substitutions.get(0)?.masks.has('email')).toBe(true)
    const insert = statement({
      kind: 'insert',
      verbs: ['insert', 'read'],
      uses: [use(secrets, { api_key: 'written' }, { role: 'target' }), use(users, { email: 'passed' }, { id: 1 })],
    })
    const role = { scope: [ALL_VERBS] }
    expect(allowed(given(insert, { masks, role })).plans[0]?.substitutions.get(1)?.masks.has('email')).toBe(true)
    const locking: StatementFacts = { ...selectOf(users, ['email']), verbs: ['read', 'update'] }
    expect(allowed(given(locking, { masks, role })).plans[0]?.substitutions.get(0)?.masks.has('email')).toBe(true)
  })

  it('are read in an order of their own in MySQL, also where they only pass', () => {
    const masks = [maskLine('users', 'email', { strategy: 'email' })]
    const mysql = allowed(given(selectOf(users, ['id']), { masks, dialect: 'mysql' })).plans[0]
    expect([...(mysql?.substitutions.values() ?? [])]).toEqual([
      { masks: new Map(), where: null, unordered: new Set(['email']) },
    ])
    const postgres = allowed(given(selectOf(users, ['id']), { masks })).plans[0]
    expect(postgres?.substitutions.size).toBe(0)
  })

  it('leave SHOW CREATE TABLE readable unless it prints conditions on them', () => {
    const shown = (of: typeof users) =>
      statement({
        kind: 'show',
        name: 'create table',
        verbs: ['read'],
        uses: [use(of, { id: 'computed', email: 'computed' }, { fixed: 'x' })],
      })
    const masks = [maskLine('users', 'email', REDACT)]
    expect(allowed(given(shown(users), { masks, dialect: 'mysql' })).plans[0]?.substitutions.size).toBe(0)
    const unique = relation('users', ['id', 'email'], { constrained: ['email'] })
    expect(allowed(given(shown(unique), { masks, dialect: 'mysql' })).plans[0]?.substitutions.size).toBe(0)
    const checked = relation('users', ['id', 'email'], { constrained: ['email'], inPrintedTexts: ['email'] })
    expect(refused(given(shown(checked), { masks, dialect: 'mysql' })).code).toBe('SP-MASKED')
  })

  it('are clear under a role that lifts the mask', () => {
    const masks = [maskLine('users', 'email', REDACT)]
    const [plan] = allowed(given(selectOf(users, ['email']), { masks, role: { unmask: ['shop.users.email'] } })).plans
    expect(plan?.columns).toEqual([{ schema: 'shop', table: 'users', column: 'email', seen: 'clear' }])
    expect(plan?.substitutions.size).toBe(0)
  })
})

describe('row conditions', () => {
  const scope = [scopeRule({ where: [{ column: 'id', op: '=', value: { parameter: 'tenant' } }] })]
  const parameters = new Map([['tenant', 'integer' as const]])

  it('are bound from the grant and put into every reference', () => {
    const one = given(selectOf(users, ['id']), {
      role: { scope, parameters },
      grant: { parameters: new Map([['tenant', 3]]) },
    })
    expect(allowed(one).plans[0]?.substitutions.get(0)).toEqual({
      masks: new Map(),
      where: '("id" OPERATOR(pg_catalog.=) 3)',
    })
    expect(allowed(one).plans[0]?.scrubErrors).toBe(true)
  })

  it.each([new Map(), new Map([['tenant', 'x']]), new Map([['tenant', 1.5]])])(
    'refuse without a value of the type',
    (values) => {
      const one = given(selectOf(users, ['id']), { role: { scope, parameters }, grant: { parameters: values } })
      expect(refused(one)).toMatchObject({ rule: 'parameters', code: 'SP-SCOPE' })
    },
  )

  it('bind a child as its parent, and refuse a plan of a limited table', () => {
    const child = relation('users_1', ['id', 'name'], { parents: ['shop\0users'] })
    const where = [{ column: 'id', op: '=', value: [3] }] as const
    const role = { scope: [scopeRule({ tables: ['users'], where }), scopeRule()] }
    const relations = [users, child]
    expect(
      allowed({ relations, role, statements: [selectOf(child, ['id'])] }).plans[0]?.substitutions.get(0)?.where,
    ).toContain('3')
    const explain = statement({ kind: 'explain', verbs: ['read'], inner: selectOf(users, ['id']) })
    expect(refused({ relations, role, statements: [explain] }).code).toBe('SP-SCOPE')
  })
})
