import { expect, it } from 'vitest'
import { maskLine, roleOf, scopeRule } from '../policy/build.ts'
import { connect, groups, open, rereadCatalog, root, target, useAccounts, yard } from './postgres_accounts_yard.ts'

/** What open accounts may do while the catalog changes around them. */

useAccounts()

const ALL = roleOf({ scope: [scopeRule({ schemas: ['shop'], tables: ['*'], verbs: ['read', 'insert', 'update'] })] })
const DENIED = { code: '42501' }

async function change(...statements: readonly string[]): Promise<void> {
  for (const sql of ['SET ROLE shop_owner', ...statements, 'RESET ROLE']) await root.query(sql)
  await yard.accounts.follow({ target: target.name, database: 'postgres', catalog: await rereadCatalog() })
}

it('get what is new and covered, and lose what is not any more, in the session that is open', async () => {
  yard.masks.push(
    maskLine('users', 'ssn', { strategy: 'null' }),
    maskLine('users', 'tax', { strategy: 'null' }),
    maskLine('kept', 'code', { strategy: 'null' }),
  )
  const client = await connect(await open(ALL))
  await client.query('SET default_transaction_read_only = off')
  const [group, ...more] = await groups()
  await change('ALTER TABLE shop.users ADD COLUMN city text, ADD COLUMN tax text, ADD COLUMN at serial')
  await client.query('SELECT id, name, email, city, at FROM shop.users')
  await client.query("INSERT INTO shop.users (name, city) VALUES ('bob', 'here')")
  await expect(client.query('SELECT tax FROM shop.users')).rejects.toMatchObject(DENIED)

  await change('ALTER TABLE shop.users RENAME COLUMN city TO town', 'ALTER TABLE shop.users DROP COLUMN tax')
  await client.query('SELECT id, town FROM shop.users')
  await change('ALTER TABLE shop.users RENAME COLUMN town TO tax')
  await expect(client.query('SELECT tax FROM shop.users')).rejects.toMatchObject(DENIED)
  await client.query('SELECT id, name FROM shop.users')

  await change('CREATE TABLE shop.kept (id int, code text)', 'CREATE TABLE shop."Odd One" ("A b" int)')
  await client.query('SELECT "A b" FROM shop."Odd One"; SELECT id FROM shop.kept')
  await expect(client.query('SELECT code FROM shop.kept')).rejects.toMatchObject(DENIED)
  await change('DROP TABLE shop.kept', 'CREATE TABLE shop.kept (id int, code text)')
  await client.query('SELECT id FROM shop.kept')
  await expect(client.query('SELECT code FROM shop.kept')).rejects.toMatchObject(DENIED)

  // What was given as a whole is given by column where a mask reaches it under its new name.
  await change('DROP TABLE shop.kept', 'ALTER TABLE shop."Odd One" RENAME TO kept')
  await client.query('SELECT "A b" FROM shop.kept')
  await change('ALTER TABLE shop.kept RENAME COLUMN "A b" TO code')
  await expect(client.query('SELECT code FROM shop.kept')).rejects.toMatchObject(DENIED)
  await client.query('SELECT count(*) FROM (SELECT ctid FROM shop.kept) k')
  expect([await groups(), more]).toEqual([[group], []])
  await client.end()
  await change('DROP TABLE shop.kept', 'ALTER TABLE shop.users DROP COLUMN tax, DROP COLUMN at')
})

it('lose what somebody gave to what they share, and get what somebody took from it', async () => {
  yard.masks.push(maskLine('orders', 'total', { strategy: 'null' }))
  const narrow = roleOf({ scope: [scopeRule({ schemas: ['shop'], tables: ['orders'], verbs: ['read'] })] })
  const client = await connect(await open(narrow))
  const [group] = await groups()
  await root.query(`SET ROLE sallyport_admin; GRANT SELECT (ssn) ON shop.users TO ${group}; RESET ROLE`)
  await client.query('SELECT ssn FROM shop.users')
  await change('ALTER TABLE shop.orders ADD COLUMN note text')
  await expect(client.query('SELECT ssn FROM shop.users')).rejects.toMatchObject(DENIED)
  await client.query('SELECT note FROM shop.orders')
  await client.end()
  await change('ALTER TABLE shop.orders DROP COLUMN note')
})

it('keep to what can be handed on where something can not, and it is told', async () => {
  const client = await connect(await open(ALL))
  await root.query('CREATE TABLE shop.foreign (id int)')
  await change('CREATE TABLE shop.ours (id int)')
  await client.query('SELECT id FROM shop.ours')
  await expect(client.query('SELECT id FROM shop.foreign')).rejects.toMatchObject(DENIED)
  const failed = yard.notes.filter(({ kind }) => kind === 'failed')
  expect(failed).toMatchObject([{ error: { code: 'SP-ACCOUNT' } }])
  yard.notes.length = 0
  await root.query(`GRANT ALL ON shop.foreign TO sallyport_admin WITH GRANT OPTION`)
  await yard.accounts.clean([target])
  await client.query('SELECT id FROM shop.foreign')
  await client.end()
  await root.query('DROP TABLE shop.foreign')
  await change('DROP TABLE shop.ours')
})

it('of an unrestricted role get what is made meanwhile', async () => {
  const client = await connect(await open(roleOf({ unrestricted: true, scope: [] })))
  await change('CREATE TABLE shop.later (id serial)')
  await client.query('INSERT INTO shop.later DEFAULT VALUES; SELECT * FROM shop.later')
  await client.end()
  await change('DROP TABLE shop.later')
})
