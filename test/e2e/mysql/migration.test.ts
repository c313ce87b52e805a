import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Terminal, terminalOf } from '../lifecycle/people.ts'
import { mariadbProgram, mysqlProgram } from './command_line.ts'
import { FAMILIES } from './families.ts'
import { type Person, type Stack, startStack, TARGET } from './stack.ts'

/** A script that was asked for, approved and run by the server's own client from a file. */

const SCRIPT = `-- labels get a shade
CREATE TABLE yard.invoices (id INT PRIMARY KEY, label_id INT);
SELECT id, mail, note FROM yard.labels ORDER BY id;
ALTER TABLE yard.labels ADD COLUMN shade VARCHAR(20) DEFAULT 'blue';
CREATE INDEX labels_shade ON yard.labels (shade);
UPDATE yard.labels SET shade = 'red' WHERE id = 1; # the first is red
DROP TABLE yard.invoices;
`
const DATA_SCRIPT = `USE yard;
BEGIN;
DELETE FROM labels WHERE id = 3;
UPDATE labels SET note = CONCAT(note, '!') WHERE id = 2;
COMMIT;
`

interface Asked {
  readonly request: { readonly id: string; readonly state: string }
  readonly grant: { readonly id: string } | null
}

interface Held {
  readonly state: string
  readonly progress: { readonly done: number; readonly outcome: string; readonly deviations: readonly unknown[] }
}

for (const family of FAMILIES) {
  family.describe(`a grant that is bound to a script on ${family.name}`, () => {
    let stack: Stack
    let people: Readonly<Record<Person, Terminal>>

    beforeAll(async () => {
      stack = await startStack(family.start, {
        fixture: [
          'CREATE DATABASE clinic',
          'CREATE DATABASE yard',
          'CREATE TABLE yard.labels (id INT PRIMARY KEY, mail VARCHAR(40), note VARCHAR(40))',
          "INSERT INTO yard.labels VALUES (1, 'CANARY-MAIL', 'a'), (2, 'CANARY-MAIL', 'b'), (3, 'CANARY-MAIL', 'c')",
          'ANALYZE TABLE yard.labels',
        ],
        target: { accounts: { dynamic: {} } },
        proxy: {
          api: true,
          roles: [
            {
              name: 'migrator',
              scope: [{ schemas: ['yard'], tables: ['*'], verbs: ['read', 'insert', 'update', 'delete', 'ddl'] }],
            },
          ],
          grants: [],
          masking: {
            masks: [{ schemas: ['yard'], tables: ['*'], columns: ['mail'], strategy: 'redact', text: '[hidden]' }],
          },
          sections: {
            approvals: [{ name: 'migrations', kinds: ['migration'], single: { groups: ['security'] } }],
            access: { roles: { admin: ['security'] } },
          },
        },
      })
      const terminal = (name: Person) => terminalOf(name, stack.proxy, stack.oidc)
      people = { alice: await terminal('alice'), bob: await terminal('bob'), carol: await terminal('carol') }
      for (const person of Object.values(people)) await person.ask('whoami')
    })
    afterAll(async () => {
      for (const person of Object.values(people ?? {})) person.close()
      await stack?.stop()
    })

    const granted = async (person: Person, script: string) => {
      const file = join(people[person].home, 'script.sql')
      writeFileSync(file, script)
      const asked = ['request', TARGET, '--role', 'migrator', '--script', file, '--reason', 'release 7']
      const { request } = await people[person].ask<Asked>(...asked)
      const shown = await people.carol.run('request', 'show', request.id)
      const { grant } = await people.carol.ask<Asked>('approve', request.id, '--reason', 'read it')
      return { id: grant?.id ?? '', shown: shown.out }
    }
    const held = (person: Person, id: string) => people[person].ask<Held>('grant', 'show', id)
    const progress = async (person: Person, id: string) => {
      const { done, outcome, deviations } = (await held(person, id)).progress
      return [done, outcome, deviations.length]
    }
    const run = async (person: Person, script: string, database = '') => {
      const client = family.name === 'MySQL' ? mysqlProgram : mariadbProgram
      const { proxy } = stack
      const login = { port: proxy.mysqlPort, user: stack.user(person), caFile: proxy.ca, database }
      return client({ ...login, password: await stack.token(person) }, script).outcome
    }
    const ended = (id: string) =>
      stack.proxy
        .audit()
        .map((record) => JSON.stringify(record))
        .filter((line) => line.includes(id) && /"event_code":"grant\.(?:completed|revoked)"/.test(line))

    it('shows an approver what the script does, and runs it from a file as it was approved', async () => {
      const { id, shown } = await granted('alice', SCRIPT)
      for (const part of [/1\. CREATE TABLE/, /A table is dropped/, /shade has no classification/, /Rows are changed/])
        expect(shown).toMatch(part)
      expect((await run('alice', SCRIPT.split(';')[0] ?? '', 'yard')).stderr).toMatch(
        /names no database and the session is in yard/,
      )
      const { code, rows, stderr } = await run('alice', SCRIPT)
      expect(stderr).toBe('')
      expect(rows).toEqual(['1\t[hidden]\ta', '2\t[hidden]\tb', '3\t[hidden]\tc'])
      expect(code).toBe(0)
      await expect.poll(() => progress('alice', id)).toEqual([6, 'ran_as_approved', 0])
      await people.alice.ask('grant', 'hand-back', id, '--reason', 'done')
      await expect.poll(() => ended(id).length).toBe(1)
      expect(ended(id)[0]).toContain('ran_as_approved')
    })

    it('refuses what deviates from it, tells so in the evidence, and takes up where a session stopped', async () => {
      const { id } = await granted('bob', DATA_SCRIPT)
      const wrong = await run('bob', DATA_SCRIPT.replace('id = 3', 'id = 1'), 'yard')
      expect(wrong.stderr).toMatch(/statement 3 of 5 of the approved script is next/)
      const direct = await stack.direct({ database: 'yard' })
      const ids = async () =>
        (await direct.query<mysql.RowDataPacket[]>('SELECT id FROM labels ORDER BY id'))[0].map((row) => row.id)
      expect(await ids()).toEqual([1, 2, 3])
      const again = await run('bob', DATA_SCRIPT)
      expect(again.stderr).toBe('')
      expect(await ids()).toEqual([1, 2])
      const [notes] = await direct.query('SELECT note FROM labels WHERE id = 2')
      expect(notes).toEqual([{ note: 'b!' }])
      await direct.end()
      await expect.poll(async () => (await progress('bob', id))[1]).toBe('deviated')
      await people.carol.ask('grant', 'revoke', id, '--reason', 'it is done')
      await expect.poll(() => ended(id).length).toBe(1)
      expect(ended(id)[0]).toContain('deviated')
    })
  })
}
