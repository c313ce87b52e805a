import mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { charsetOf } from '../../../src/masking/mysql_charset.ts'
import { MYSQL_FUNCTIONS } from '../../../src/policy/functions_mysql.ts'
import { isReserved } from '../../../src/sql/mysql/reserved_words.ts'
import { lexMode } from '../../../src/sql/mysql/token.ts'
import { readingOfCharset, readingOfCollation } from '../../../src/wire/mysql/character-sets.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { FAMILIES } from './families.ts'

/** What is written down of words, functions and collations is what the server itself says, of whichever version is tested. */

const SYNTAX_ERROR = 1064
/** No byte of these is ASCII for certain, so no mask is computed in them. */
const NOT_ASCII = ['ucs2', 'utf16', 'utf16le', 'utf32', 'swe7']
/** The last collation that a handshake can name. */
const HANDSHAKE_MAX = 255

/** Of MariaDB's functions those that are refused: locks, files, waits, keys of the server, and other sessions' doings. */
const REFUSED =
  `benchmark binlog_gtid_pos decode_histogram des_decrypt des_encrypt encrypt get_lock is_free_lock is_used_lock
  load_file master_gtid_wait master_pos_wait name_const old_password release_all_locks release_lock schemas sleep
  wsrep_last_seen_gtid wsrep_last_written_gtid wsrep_sync_wait_upto_gtid`.split(/\s+/)

for (const family of FAMILIES) {
  family.describe(`${family.name}: words and collations`, () => {
    let server: DatabaseServer
    let client: mysql.Connection

    beforeAll(async () => {
      server = await family.start()
      const { host, port, user, password, ca } = server
      client = await mysql.createConnection({ host, port, user, password, ssl: { ca }, rowsAsArray: true })
      await client.query(`SET sql_mode = ''`)
    })
    afterAll(async () => {
      await client?.end()
      await server?.stop()
    })

    async function read(text: string): Promise<string[][]> {
      const [rows] = (await client.query(text)) as unknown as [unknown[][]]
      return rows.map((row) => row.map(String))
    }

    function isRefused(word: string): Promise<boolean> {
      return client.query(`SELECT 1 AS ${word}`).then(
        () => false,
        (error) => error.errno === SYNTAX_ERROR,
      )
    }

    it('what can not be a name without quotes', async () => {
      const [[version = '']] = (await read('SELECT VERSION()')) as [string[]]
      const dialect = family.name === 'MySQL' ? 'mysql' : 'mariadb'
      const mode = lexMode(new Set(), { dialect, version })
      expect(mode.version).toBeGreaterThan(80_000)
      const keywords = (await read('SELECT WORD FROM information_schema.KEYWORDS'))
        .flat()
        .map((word) => word.toUpperCase())
      const words = keywords.filter((word) => /^\w+$/.test(word))
      expect(words.length).toBeGreaterThan(500)
      const differ: string[] = []
      for (const word of words) {
        if ((await isRefused(word)) !== isReserved(word, mode.flavour, mode.version)) differ.push(word)
      }
      expect(differ).toEqual([])
    })

    if (family.name === 'MariaDB') {
      it('each function that the server lists was judged', async () => {
        const functions = (await read('SELECT LOWER(FUNCTION) FROM information_schema.SQL_FUNCTIONS')).flat()
        expect(functions.length).toBeGreaterThan(200)
        expect(functions.filter((name) => !MYSQL_FUNCTIONS.has(name) && !REFUSED.includes(name))).toEqual([])
        expect(REFUSED.filter((name) => MYSQL_FUNCTIONS.has(name))).toEqual([])
      })
    }

    it('the character set of each collation', async () => {
      const table = family.name === 'MySQL' ? 'COLLATIONS' : 'COLLATION_CHARACTER_SET_APPLICABILITY'
      const collations = await read(
        `SELECT c.ID, s.CHARACTER_SET_NAME, s.MAXLEN FROM information_schema.${table} AS c
         JOIN information_schema.CHARACTER_SETS AS s ON s.CHARACTER_SET_NAME = c.CHARACTER_SET_NAME
         WHERE s.CHARACTER_SET_NAME <> 'binary'`,
      )
      expect(collations.length).toBeGreaterThan(200)
      for (const [id, name = '', widest] of collations) {
        const charset = charsetOf(Number(id))
        const isUtf8 = name.startsWith('utf8')
        const expected = NOT_ASCII.includes(name) ? null : [Number(widest), isUtf8]
        expect([id, name, charset && [charset.widest, charset.writing === 'utf8']]).toEqual([id, name, expected])
        if (Number(id) > HANDSHAKE_MAX) continue
        expect([id, name, readingOfCollation(Number(id))]).toEqual([id, name, readingOfCharset(name)])
      }
    })
  })
}
