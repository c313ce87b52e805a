import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { loginPostgres } from '../../src/upstream/postgres_login.ts'
import { maskLine, roleOf, scopeRule } from '../policy/build.ts'
import { SETTINGS } from './accounts_fixture.ts'
import {
  ADMIN,
  connect,
  grant,
  groups,
  logins,
  names,
  open,
  reader,
  rereadCatalog,
  root,
  target,
  useAccounts,
  yard,
} from './postgres_accounts_yard.ts'

/** What an account of a session may do, and what is left of it. */

useAccounts()

describe('an account of a session', () => {
  it('may do what the grant names and nothing else, without columns whose mask is a constant', async () => {
    yard.masks.push(maskLine('users', 'ssn', { strategy: 'null' }), maskLine('users', 'email', { strategy: 'email' }))
    const account = await open(reader())
    expect(account.user).toMatch(/^sp_alicesmi_[a-z2-7]{16}$/)
    const client = await connect(account)
    await client.query('SELECT id, name, email, ctid FROM shop.users')
    await client.query('SELECT * FROM shop.orders')
    for (const refused of [
      'SELECT ssn FROM shop.users',
      'SELECT * FROM shop.users',
      'SELECT u FROM shop.users u',
      'SELECT * FROM shop.ssns',
      'BEGIN READ WRITE; INSERT INTO shop.orders VALUES (1, 1, 1)',
      'ROLLBACK; BEGIN READ WRITE; CREATE TABLE shop.mine (a int)',
    ]) {
      await expect(client.query(refused), refused).rejects.toMatchObject({ code: '42501' })
    }
    await client.query('ROLLBACK')
    const { rows } = await client.query("SELECT current_setting('default_transaction_read_only') AS ro")
    expect(rows).toEqual([{ ro: 'on' }])
    await client.end()
    expect(account.findings).toEqual([
      'select on the whole of shop.open comes from elsewhere',
      'the SECURITY DEFINER routine shop.all_ssns() may be called',
    ])
  })

  it('can not become what it shares with others, nor stay beyond its time', async () => {
    const account = await open(reader())
    const client = await connect(account)
    await client.query('SET default_transaction_read_only = off')
    const [group] = await groups()
    for (const refused of [
      `SET ROLE "${group}"`,
      `SET ROLE ${SETTINGS.marker}`,
      `SET ROLE ${ADMIN.user}`,
      `GRANT "${group}" TO ${account.user}`,
      `ALTER ROLE ${account.user} VALID UNTIL 'infinity'`,
      `ALTER ROLE ${account.user} CONNECTION LIMIT -1`,
      `ALTER ROLE "${group}" LOGIN`,
    ]) {
      await expect(client.query(refused), refused).rejects.toMatchObject({ code: '42501' })
    }
    await client.end()
  })

  it('logs in as the proxy does, over TLS and bound to its certificate', async () => {
    const account = await open(reader())
    const upstream = await loginPostgres(target, account, {
      database: 'postgres',
      parameters: [],
      applicationName: 'sallyport:1',
    })
    upstream.socket.destroy()
    const { rows } = await root.query('SELECT rolvaliduntil, rolconnlimit FROM pg_roles WHERE rolname = $1', [
      account.user,
    ])
    expect(rows[0].rolconnlimit).toBe(1)
    expect(rows[0].rolvaliduntil.getTime()).toBeLessThan(Date.now() + 901_000)
  })

  it('writes what the scope lets it, sequences of defaults too', async () => {
    const verbs = ['read', 'insert', 'update', 'delete'] as const
    const scope = [scopeRule({ schemas: ['shop'], tables: ['users'], columns: ['id', 'name'], verbs })]
    const client = await connect(await open(roleOf({ scope })))
    await client.query("INSERT INTO shop.users (name) VALUES ('new')")
    await client.query("UPDATE shop.users SET name = 'newer' WHERE name = 'new'")
    await client.query("DELETE FROM shop.users WHERE name = 'newer'")
    await expect(client.query("UPDATE shop.users SET email = ''")).rejects.toMatchObject({ code: '42501' })
    await client.end()
  })

  it('is ended at once and gone with its group afterwards', async () => {
    const account = await open(reader())
    const client = await connect(account)
    const asleep = client.query('SELECT pg_sleep(30)').catch((error: pg.DatabaseError) => error.code)
    await yard.accounts.close(account.id)
    expect(await asleep).toBe('57P01')
    expect(await logins()).toEqual([])
    expect(await groups()).toHaveLength(1)
    await yard.accounts.dropGrant('g1')
    expect(await groups()).toEqual([])
    expect([...yard.ledger.entries.values()].map(({ state }) => state)).toEqual(['dropped'])
    expect(yard.timings.map(([what]) => what)).toEqual(['stopped', 'dropped'])
  })

  it('leaves what it made to the owner role, in whatever database', async () => {
    yard.settings = { ...SETTINGS, ownerRole: 'sallyport_heir', memberOf: ['shop_owner'] }
    const account = await open(roleOf({ unrestricted: true, scope: [] }), 'g2')
    const client = await connect(account)
    await client.query('CREATE TABLE shop.made (a int)')
    await client.query('INSERT INTO shop.made VALUES (7)')
    await client.query('CREATE TEMP TABLE passing (a int)')
    await yard.accounts.close(account.id)
    expect(await logins()).toEqual([])
    const { rows } = await root.query(
      "SELECT tableowner, (SELECT a FROM shop.made) AS a FROM pg_tables WHERE tablename = 'made'",
    )
    expect(rows).toEqual([{ tableowner: 'sallyport_heir', a: 7 }])
    await root.query('DROP TABLE shop.made')
    await yard.accounts.dropGrant('g2')
    expect(await groups()).toEqual([])
  })

  it('may do all that the admin role can hand on where the role is unrestricted', async () => {
    await root.query('CREATE SCHEMA closed CREATE TABLE closed.t (a int)')
    const client = await connect(await open(roleOf({ unrestricted: true, scope: [] }), 'g2'))
    await client.query('SELECT ssn FROM shop.users')
    await client.query("INSERT INTO shop.users (name) VALUES ('new')")
    await client.query("DELETE FROM shop.users WHERE name = 'new'")
    await client.query('SELECT shop.all_ssns()')
    await expect(client.query('SELECT a FROM closed.t')).rejects.toMatchObject({ code: '42501' })
    await client.end()
    await root.query('DROP SCHEMA closed CASCADE')
  })

  it('changes definitions as a member of the owner does', async () => {
    yard.settings = { ...SETTINGS, ownerRole: 'shop_owner', memberOf: ['shop_owner'] }
    const account = await open(roleOf({ scope: [scopeRule({ tables: ['orders'], verbs: ['ddl', 'read'] })] }), 'g2')
    const client = await connect(account)
    await client.query('ALTER TABLE shop.orders ADD COLUMN note text')
    await client.query('CREATE TABLE shop.more (a int)')
    await client.query('ALTER TABLE shop.orders DROP COLUMN note')
    await yard.accounts.close(account.id)
    const { rows } = await root.query("SELECT tableowner FROM pg_tables WHERE tablename = 'more'")
    expect(rows).toEqual([{ tableowner: 'shop_owner' }])
    await root.query('DROP TABLE shop.more')
  })

  it('is made though the admin role was disconnected, and its password rotated', async () => {
    await open(reader())
    await root.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'sallyport_admin'")
    await open(reader())
    await root.query("ALTER ROLE sallyport_admin PASSWORD 'rotated'")
    await root.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'sallyport_admin'")
    try {
      await open(reader())
    } finally {
      await root.query(`ALTER ROLE sallyport_admin PASSWORD '${ADMIN.password}'`)
    }
  })

  it('is known to a replica before it logs in there, and ended there', async () => {
    const replica = { ...target, name: 'shop-replica' }
    const { accounts } = yard
    yard.primaries.set('shop-replica', target)
    const account = await accounts.open(
      { id: 'r1', person: 'bob', database: 'postgres', role: reader() },
      replica,
      grant('g1'),
    )
    const client = await connect(account)
    const asleep = client.query('SELECT pg_sleep(30)').catch((error: pg.DatabaseError) => error.code)
    expect(yard.ledger.entries.get(account.user)?.target).toBe('shop')
    await accounts.close('r1')
    expect(await asleep).toBe('57P01')
  })

  it('comes from those made ahead', async () => {
    yard.settings = { ...SETTINGS, warm: 2 }
    await open(reader())
    await expect.poll(logins).toHaveLength(3)
    await expect.poll(() => [...yard.ledger.entries.values()].filter(({ state }) => state === 'open').length).toBe(3)
    const before = await logins()
    const second = await open(reader())
    expect(before).toContain(second.user)
    expect(yard.ledger.entries.get(second.user)?.sessionId).toBe(second.id)
    await (await connect(second)).end()
    await expect.poll(logins).toHaveLength(4)
    await yard.accounts.dropGrant('g1')
    expect(await logins()).toEqual([])
  })

  it('is not made where the admin role can not hand on what the grant names', async () => {
    await root.query('CREATE SCHEMA closed CREATE TABLE closed.t (a int)')
    await rereadCatalog()
    try {
      const scope = [scopeRule({ schemas: ['closed'], tables: ['*'], verbs: ['read'] })]
      await expect(open(roleOf({ scope }))).rejects.toMatchObject({ code: 'SP-ACCOUNT' })
      expect(await names('^sp_')).toEqual([])
    } finally {
      await root.query('DROP SCHEMA closed CASCADE')
      await rereadCatalog()
    }
  })
})
