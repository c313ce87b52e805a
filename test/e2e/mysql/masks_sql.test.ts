import fc from 'fast-check'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compileMask } from '../../../src/masking/mask.ts'
import type { FieldType } from '../../../src/masking/rule.ts'
import { sqlMaskOf } from '../../../src/policy/sql_mask.ts'
import type { Column, Dialect } from '../../../src/sql/catalog.ts'
import { maskSql } from '../../../src/sql/mysql/mask_sql.ts'
import { lexMode } from '../../../src/sql/mysql/token.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { FAMILIES } from './families.ts'
import { TEXT_RULES, TYPES, type TypeUnderTest } from './mask_samples.ts'

/** The SQL form of each mask gives what the mask on the wire gives, for every value, on real servers. */

const SEED = 20_260_101
const RUNS = 300
/** What a person or an account may have set: none of it may change a mask. */
const MODES = [
  '',
  'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,' +
    'IGNORE_SPACE,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY',
]
const NAME = 'v`"x'
/** MySQL says it of the name of an old character set. */
const DEPRECATED = '1287'
const QUOTED = '`v``"x`'

interface Field {
  readonly columnType: number
  readonly characterSet: number
  readonly columnLength: number
  readonly flags: number
  readonly decimals: number
}

for (const family of FAMILIES) {
  family.describe(`${family.name}: masks in SQL`, () => {
    let server: DatabaseServer
    let client: mysql.Connection
    const dialect: Dialect = family.name === 'MySQL' ? 'mysql' : 'mariadb'

    beforeAll(async () => {
      server = await family.start({ setupSql: ['CREATE DATABASE m CHARACTER SET utf8mb4'] })
      const { host, port, user, password, ca } = server
      client = await mysql.createConnection({
        host,
        port,
        user,
        password,
        database: 'm',
        ssl: { ca },
        charset: 'utf8mb4',
        rowsAsArray: true,
        typeCast: (field) => field.buffer(),
      })
      await client.query(`SET time_zone = '+05:45', lc_time_names = 'de_DE'`)
    })
    afterAll(async () => {
      await client?.end()
      await server?.stop()
    })

    /** A table of the values that the type takes, and its column as the catalog has it. */
    async function tableOf({ type, values }: TypeUnderTest): Promise<Column> {
      await client.query(`SET sql_mode = 'ALLOW_INVALID_DATES'`)
      await client.query('DROP TABLE IF EXISTS t')
      await client.query(`CREATE TABLE t (n int AUTO_INCREMENT PRIMARY KEY, ${QUOTED} ${type} NULL)`)
      const sample = [...new Set(fc.sample(values, { numRuns: RUNS, seed: SEED })), null]
      for (let at = 0; at < sample.length; at += 20) {
        const rows = sample.slice(at, at + 20)
        await client.query(`INSERT IGNORE INTO t (${QUOTED}) VALUES ${rows.map(() => '(?)').join(', ')}`, rows)
      }
      const [[found]] = (await client.query(
        `SELECT COLUMN_TYPE, COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'm' AND TABLE_NAME = 't' AND ORDINAL_POSITION = 2`,
      )) as unknown as [[[Buffer, Buffer | null]]]
      const collation = found[1] && String(found[1])
      return { name: NAME, ordinal: 2, type: String(found[0]), typeOid: 0, collation, generatedFrom: [] }
    }

    it.each(TYPES)('$type: the SQL form is what the wire shows', async (given) => {
      const column = await tableOf(given)
      for (const sqlMode of MODES) {
        await client.query(`SET sql_mode = '${sqlMode}'`)
        const mode = lexMode(new Set(sqlMode.split(',')), { dialect, version: '' })
        for (const rule of given.rules) {
          const form = maskSql(sqlMaskOf(rule, dialect, column), column, mode)
          if (form === null) throw new Error(`${rule.strategy} has no form for ${given.type}`)
          const collation = column.collation === null ? 'NULL' : 'COLLATION(m)'
          const [rows, fields] = (await client.query(
            `SELECT v, m, ${collation}, n FROM (SELECT ${QUOTED} AS v, ${form} AS m, n FROM t) AS s ORDER BY n`,
          )) as unknown as [[Buffer | null, Buffer | null, Buffer | null][], Field[]]
          const [clear, shown] = fields as [Field, Field]
          const masker = given.expected?.(rule) ?? compileMask(rule, fieldType(clear))
          for (const [value, masked, kept] of rows) {
            const isConstant = rule.strategy === 'redact'
            if (value === null && !isConstant) expect(masked).toBeNull()
            const wire = value === null ? masked : masker(new Uint8Array(value ?? []))
            expect([sqlMode, rule, textOf(value), textOf(masked, given)]).toEqual([
              sqlMode,
              rule,
              textOf(value),
              wire && textOf(Buffer.from(wire), given),
            ])
            if (column.collation !== null && masked !== null) expect(String(kept)).toBe(column.collation)
          }
          expect({ rule, ...typeOf(shown) }).toMatchObject({ rule, ...(given.becomes ?? typeOf(clear)) })
          const [warnings] = (await client.query('SHOW WARNINGS')) as unknown as [Buffer[][]]
          const told = warnings.map((row) => row.map(String)).filter(([, code]) => code !== DEPRECATED)
          expect([rule, told]).toEqual([rule, []])
        }
      }
    })

    it('a fill that the column can not hold has no form, since the server would refuse it', () => {
      const column = {
        name: 'v',
        ordinal: 1,
        type: 'varchar(9)',
        typeOid: 0,
        collation: 'latin1_bin',
        generatedFrom: [],
      }
      const forms = TEXT_RULES.map((rule) => maskSql(sqlMaskOf(rule, dialect, column), column, lexMode(new Set())))
      expect(forms.filter((form) => form === null)).toHaveLength(1)
    })
  })
}

function fieldType({ columnType, characterSet, columnLength, flags, decimals }: Field): FieldType {
  return {
    dialect: 'mysql',
    type: columnType,
    charset: characterSet,
    length: columnLength,
    flags,
    decimals,
    format: 'text',
  }
}

function typeOf({ columnType, characterSet, decimals }: Field) {
  return { columnType, characterSet, decimals }
}

/** Without what an expression has not: the zeros before a ZEROFILL number and after a FLOAT(m,d). */
function textOf(value: Buffer | null, given?: TypeUnderTest): string | null {
  if (value === null) return null
  if (given?.asNumber) return String(Number(value.toString()))
  const text = value.toString()
  return Buffer.from(text).equals(value) ? text : value.toString('hex')
}
