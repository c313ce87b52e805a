import { spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeUnless } from '../../servers/availability.ts'
import { FAMILIES } from './families.ts'
import { type Person, type Stack, startStack } from './stack.ts'

/** The system's own: apt puts its packages where another Python would not look. */
const PYTHON = '/usr/bin/python3'
/** Prints a JSON list: rows, or the number and text of the error, for each statement of argv in one session. */
const PROGRAM = `
import json, sys, pymysql
login = json.loads(sys.stdin.read())
connection = pymysql.connect(host='127.0.0.1', port=login['port'], user=login['user'], password=login['password'],
  database='clinic', charset='utf8mb4', ssl={'ca': login['ca'], 'check_hostname': True})
answers = []
for sql, values in login['statements']:
  try:
    with connection.cursor() as cursor:
      cursor.execute(sql, values)
      answers.append([list(row) for row in cursor.fetchall()])
  except pymysql.MySQLError as error:
    answers.append({'errno': error.args[0], 'message': error.args[1]})
connection.close()
print(json.dumps(answers, default=str))
`

const found = spawnSync(PYTHON, ['-c', 'import pymysql']).status === 0
const missing = found ? null : 'PyMySQL is not installed (apt-get install python3-pymysql)'

for (const family of FAMILIES) {
  family.describe(`PyMySQL through ${family.name}`, () => {
    describeUnless(missing, 'with a token for a password', () => {
      let stack: Stack

      beforeAll(async () => {
        stack = await startStack(family.start)
      })
      afterAll(() => stack?.stop())

      async function run(person: Person, ...statements: (readonly [string, readonly unknown[]])[]): Promise<unknown> {
        const login = {
          port: stack.proxy.mysqlPort,
          user: stack.user(person),
          password: await stack.token(person),
          ca: stack.proxy.ca,
          statements,
        }
        return JSON.parse(await python(JSON.stringify(login)))
      }

      it('reads, masked', async () => {
        expect(await run('alice', ['SELECT id, email, tax_id, born FROM patients WHERE id = %s', [2]])).toEqual([
          [[2, 'c***@***.example', '[redacted]', null]],
        ])
      })

      it('is told what is refused, and goes on', async () => {
        const answers = await run(
          'alice',
          ['SELECT * FROM vault.api_keys', []],
          ['SELECT fee FROM visits WHERE id = 1', []],
        )
        expect(answers).toEqual([{ errno: 1142, message: expect.stringContaining('SP-SCOPE') }, [['10.50']]])
      })

      it('writes in its transaction', async () => {
        const insert = 'INSERT INTO visits (patient_id, fee, at, reason) VALUES (%s, %s, %s, %s)'
        const answers = await run(
          'bob',
          [insert, [2, '5.50', '2026-03-04', "it's žluť"]],
          ['SELECT reason FROM visits WHERE fee = %s', ['5.50']],
        )
        expect(answers).toEqual([[], [["it's žluť"]]])
        expect(await run('bob', ['SELECT COUNT(*) FROM visits WHERE fee = 5.5', []])).toEqual([[[0]]])
      })
    })
  })
}

function python(input: string): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(PYTHON, ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    const output: string[] = []
    child.stdout.on('data', (chunk) => output.push(String(chunk)))
    child.once('error', failed)
    child.once('close', (code) => (code === 0 ? done(output.join('')) : failed(new Error(`python ended with ${code}`))))
    child.stdin.end(input)
  })
}
